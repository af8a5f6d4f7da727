//! Words of JavaScript: what they lead to when they are called, assigned or read.

use crate::seek;

/// What a name leads to; bits, so that a chain of members can collect them.
pub(super) struct Flags;

impl Flags {
    /// Opens a dialog: how a hole is proven.
    pub(super) const DIALOG: u16 = 1;
    /// Runs a string or a function.
    pub(super) const EVAL: u16 = 1 << 1;
    /// Sends something away or loads something.
    pub(super) const NET: u16 = 1 << 2;
    /// Does something when it belongs to the page.
    pub(super) const WEAK: u16 = 1 << 3;
    /// Belongs to the page or the window.
    pub(super) const GLOBAL: u16 = 1 << 4;
    /// Assigning it changes the page by itself.
    pub(super) const TARGET: u16 = 1 << 5;
    /// Assigning it changes the page when it is a member of something of the page.
    pub(super) const PLACE: u16 = 1 << 6;
    /// Leads to `Function`.
    pub(super) const CONSTRUCTOR: u16 = 1 << 7;
    /// The member's name was computed.
    pub(super) const COMPUTED: u16 = 1 << 8;
    /// The chain begins with a literal.
    pub(super) const LITERAL: u16 = 1 << 9;
    /// Worth stealing.
    pub(super) const SECRET: u16 = 1 << 10;
    /// The chain has a member, other than the page's own.
    pub(super) const MEMBER: u16 = 1 << 11;
    /// Makes a string of something that does not look like it.
    pub(super) const DECODE: u16 = 1 << 12;
    /// The member's name was put together from pieces.
    pub(super) const SPELLED: u16 = 1 << 13;
    /// Runs a function, and a string as well.
    pub(super) const TIMER: u16 = 1 << 14;
    /// Whatever the function belongs to.
    pub(super) const THIS: u16 = 1 << 15;
}

/// Words of the language that are no names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    /// An operand follows.
    Prefix,
    /// A head in parentheses follows.
    Head,
    /// Stands between operands.
    Infix,
    /// A declaration follows.
    Declare,
    /// Jumps to whoever catches.
    Throw,
}

/// Whether a byte may be part of an identifier.
pub(super) fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// The identifier at the beginning of a text, its escapes undone, and its length as written.
pub(super) fn word(text: &[u8]) -> (Word, usize) {
    let mut out = Word::default();
    let mut at = 0;
    while let Some(byte) = text.get(at).copied() {
        if is_letter(byte) {
            out.push(byte);
            at += 1;
        } else if let Some((byte, len)) = text.get(at..).and_then(escape) {
            out.push(byte);
            at += len;
        } else {
            break;
        }
    }
    (out, at)
}

/// An identifier; one that is longer than any name of interest is cut.
#[derive(Default)]
pub(super) struct Word {
    bytes: [u8; 32],
    len: usize,
}

impl Word {
    /// The letters.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
            self.len += 1;
        }
    }
}

/// `\u0061` and `\u{61}`: the character (0x80 for any outside ASCII) and the length as written.
fn escape(text: &[u8]) -> Option<(u8, usize)> {
    let rest = text.strip_prefix(b"\\u")?;
    let (digits, around) = match rest.strip_prefix(b"{") {
        Some(rest) => (
            rest.get(..seek::memchr(b'}', rest.get(..9.min(rest.len()))?)?)?,
            4,
        ),
        None => (rest.get(..4)?, 2),
    };
    let mut value: u32 = 0;
    for digit in digits {
        value = (value << 4) | char::from(*digit).to_digit(16)?;
    }
    Some((u8::try_from(value).unwrap_or(0x80), digits.len() + around))
}

/// What the name leads to that a string in quotes is, whose letters may be escapes: `'\x61lert'`.
pub(super) fn written(text: &[u8]) -> u16 {
    let [quote @ (b'"' | b'\'' | b'`'), inside @ .., end] = text else {
        return 0;
    };
    if quote != end {
        return 0;
    }
    let mut out = Word::default();
    let mut at = 0;
    while let Some(byte) = inside.get(at).copied() {
        let rest = inside.get(at..).unwrap_or_default();
        let (byte, len) = match escape(rest).or_else(|| short_escape(rest)) {
            Some(own) => own,
            None if is_letter(byte) => (byte, 1),
            None => return 0,
        };
        out.push(byte);
        at += len;
    }
    flags(out.bytes())
}

/// `\x61` or `\141`: the character and the length as written.
fn short_escape(text: &[u8]) -> Option<(u8, usize)> {
    let rest = text.strip_prefix(b"\\")?;
    let (digits, radix, lead) = match rest {
        [b'x', digits @ ..] => (digits.get(..2)?, 16, 2),
        digits => (digits.get(..3)?, 8, 1),
    };
    let digits = std::str::from_utf8(digits).ok()?;
    let value = u8::from_str_radix(digits, radix).ok()?;
    Some((value, lead + digits.len()))
}

/// What a name leads to.
pub(super) fn flags(word: &[u8]) -> u16 {
    match word {
        b"alert" | b"confirm" | b"prompt" | b"msgbox" | b"MsgBox" | b"MSGBOX" => Flags::DIALOG,
        b"setTimeout" | b"setInterval" | b"setImmediate" => Flags::TIMER,
        b"atob"
        | b"unescape"
        | b"fromCharCode"
        | b"decodeURIComponent"
        | b"decodeURI"
        | b"toString"
        | b"fromCodePoint"
        | b"raw" => Flags::DECODE,
        b"this" => Flags::THIS,
        b"eval"
        | b"Function"
        | b"execScript"
        | b"importScripts"
        | b"$eval"
        | b"$evalAsync"
        | b"generateCRMFRequest" => Flags::EVAL,
        b"fetch" | b"XMLHttpRequest" | b"Image" | b"WebSocket" | b"EventSource" | b"Worker"
        | b"import" | b"SharedWorker" | b"sendBeacon" | b"getScript" | b"ActiveXObject"
        | b"WScript" => Flags::NET,
        b"print"
        | b"open"
        | b"write"
        | b"writeln"
        | b"close"
        | b"stop"
        | b"assign"
        | b"replace"
        | b"reload"
        | b"navigate"
        | b"postMessage"
        | b"appendChild"
        | b"createElement"
        | b"domain"
        | b"insertAdjacentHTML"
        | b"setAttribute"
        | b"log"
        | b"getElementById"
        | b"querySelector"
        | b"apply"
        | b"call"
        | b"bind"
        | b"defineProperty"
        | b"setItem"
        | b"getItem" => Flags::WEAK,
        b"window" | b"self" | b"top" | b"parent" | b"frames" | b"globalThis" | b"opener"
        | b"navigator" | b"sessionStorage" | b"localStorage" | b"document" | b"Reflect"
        | b"defaultView" | b"contentWindow" => Flags::GLOBAL,
        b"location" => Flags::GLOBAL | Flags::TARGET,
        b"innerHTML" | b"outerHTML" | b"srcdoc" | b"onerror" => Flags::TARGET,
        b"href" | b"src" | b"hash" | b"body" | b"URL" | b"action" | b"innerText" => Flags::PLACE,
        b"cookie" => Flags::PLACE | Flags::SECRET,
        b"constructor" | b"__proto__" | b"__defineGetter__" | b"__defineSetter__" => {
            Flags::CONSTRUCTOR
        }
        _ => 0,
    }
}

/// The keyword a word is.
pub(super) fn keyword(word: &[u8]) -> Option<Keyword> {
    Some(match word {
        b"var" | b"let" | b"const" | b"function" | b"class" | b"async" | b"await" | b"return" => {
            Keyword::Declare
        }
        b"new" | b"typeof" | b"void" | b"delete" | b"yield" | b"else" | b"do" | b"try"
        | b"finally" | b"case" | b"default" => Keyword::Prefix,
        b"if" | b"for" | b"while" | b"with" | b"switch" | b"catch" => Keyword::Head,
        b"in" | b"instanceof" | b"of" | b"extends" => Keyword::Infix,
        b"throw" => Keyword::Throw,
        _ => return None,
    })
}

/// Lower-case letters of a name, without control characters, into a fixed space.
pub(super) fn plain(name: &[u8]) -> Word {
    let mut out = Word::default();
    for byte in name.iter().filter(|byte| **byte > b' ').take(32) {
        out.push(byte.to_ascii_lowercase());
    }
    out
}

/// `/loc/.source+/ation/.source`, `'loc'+'ation'`: constants joined, which programs write in one piece.
pub(super) fn is_joined(text: &[u8]) -> bool {
    let mut pieces = 0;
    let mut rest = text;
    loop {
        rest = rest.trim_ascii();
        let [quote @ (b'"' | b'\'' | b'`' | b'/'), behind @ ..] = rest else {
            return false;
        };
        let Some(end) = seek::memchr(*quote, behind) else {
            return false;
        };
        pieces += 1;
        rest = behind.get(end + 1..).unwrap_or_default();
        if *quote == b'/' {
            let Some(source) = rest.strip_prefix(b".source") else {
                return false;
            };
            rest = source;
        }
        rest = match rest.trim_ascii_start() {
            [] => return pieces > 1,
            [b'+', rest @ ..] => rest,
            _ => return false,
        };
    }
}
