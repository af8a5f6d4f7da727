//! Words of JavaScript: what they lead to when they are called, assigned or read.

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
    /// The chain has a member.
    pub(super) const MEMBER: u16 = 1 << 11;
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
        Some(rest) => (rest.get(..memchr::memchr(b'}', rest.get(..9.min(rest.len()))?)?)?, 4),
        None => (rest.get(..4)?, 2),
    };
    let mut value: u32 = 0;
    for digit in digits {
        value = (value << 4) | char::from(*digit).to_digit(16)?;
    }
    Some((u8::try_from(value).unwrap_or(0x80), digits.len() + around))
}

/// What a name leads to.
pub(super) fn flags(word: &[u8]) -> u16 {
    match word {
        b"alert" | b"confirm" | b"prompt" | b"msgbox" | b"MsgBox" | b"MSGBOX" => Flags::DIALOG,
        b"eval" | b"Function" | b"setTimeout" | b"setInterval" | b"setImmediate" | b"execScript"
        | b"importScripts" | b"import" | b"$eval" | b"$evalAsync" | b"generateCRMFRequest" => Flags::EVAL,
        b"fetch" | b"XMLHttpRequest" | b"Image" | b"WebSocket" | b"EventSource" | b"Worker"
        | b"SharedWorker" | b"sendBeacon" | b"getScript" | b"ActiveXObject" | b"WScript" => Flags::NET,
        b"print" | b"open" | b"write" | b"writeln" | b"close" | b"stop" | b"assign" | b"replace"
        | b"reload" | b"navigate" | b"postMessage" | b"appendChild" | b"createElement" | b"domain"
        | b"insertAdjacentHTML" | b"setAttribute" | b"log" | b"getElementById" | b"querySelector"
        | b"apply" | b"call" | b"bind" | b"defineProperty" | b"setItem" | b"getItem" => Flags::WEAK,
        b"window" | b"self" | b"top" | b"parent" | b"frames" | b"globalThis" | b"opener"
        | b"navigator" | b"sessionStorage" | b"localStorage" | b"this" | b"document" | b"Reflect" => {
            Flags::GLOBAL
        }
        b"location" => Flags::GLOBAL | Flags::TARGET,
        b"innerHTML" | b"outerHTML" | b"srcdoc" | b"onerror" => Flags::TARGET,
        b"href" | b"src" | b"hash" | b"body"  | b"URL" | b"action" | b"innerText" => Flags::PLACE,
        b"cookie" => Flags::PLACE | Flags::SECRET,
        b"constructor" | b"__proto__" | b"__defineGetter__" | b"__defineSetter__" => Flags::CONSTRUCTOR,
        _ => 0,
    }
}

/// The keyword a word is.
pub(super) fn keyword(word: &[u8]) -> Option<Keyword> {
    Some(match word {
        b"var" | b"let" | b"const" | b"new" | b"typeof" | b"void" | b"delete" | b"return" | b"await"
        | b"yield" | b"else" | b"do" | b"try" | b"finally" | b"case" | b"async" | b"function"
        | b"class" | b"default" => Keyword::Prefix,
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

/// Whether a handler's name (lower case) is one browsers know, or nearly.
pub(super) fn event(name: &[u8]) -> bool {
    const EVENTS: [&[u8]; 48] = [
        b"abort", b"activate", b"after", b"animation", b"auxclick", b"before", b"begin", b"blur", b"bounce",
        b"can", b"change", b"click", b"close", b"content", b"context", b"copy", b"cue", b"cut", b"dblclick",
        b"deactivate", b"drag", b"drop", b"duration", b"end", b"error", b"finish", b"focus", b"form",
        b"fullscreen", b"hash", b"input", b"invalid", b"key", b"load", b"message", b"mouse", b"page",
        b"paste", b"pointer", b"popstate", b"progress", b"readystate", b"repeat", b"reset", b"resize",
        b"scroll", b"search", b"se",
    ];
    const MORE: [&[u8]; 26] = [
        b"show", b"slot", b"start", b"stop", b"storage", b"submit", b"suspend", b"time", b"toggle", b"touch",
        b"transition", b"unload", b"unhandled", b"volume", b"waiting", b"webkit", b"wheel", b"play", b"pause",
        b"online", b"offline", b"row", b"data", b"property", b"filter", b"gesture",
    ];
    name.strip_prefix(b"on").is_some_and(|rest| {
        EVENTS.iter().chain(&MORE).any(|own| rest.starts_with(own))
    })
}

/// Whether a name (lower case, without prefix) is that of an element browsers know.
pub(super) fn element(name: &[u8]) -> bool {
    let name = name.strip_prefix(b"/").unwrap_or(name);
    ELEMENTS.binary_search(&name).is_ok()
}

/// Hosts whose players and widgets editors embed.
pub(super) const EMBEDS: [&[u8]; 24] = [
    b"youtube.com", b"youtube-nocookie.com", b"youtu.be", b"vimeo.com", b"google.com", b"dailymotion.com",
    b"soundcloud.com", b"spotify.com", b"twitter.com", b"x.com", b"instagram.com", b"facebook.com",
    b"facebook.net", b"tiktok.com", b"pinterest.com", b"codepen.io", b"jsfiddle.net", b"openstreetmap.org",
    b"slideshare.net", b"twitch.tv", b"googletagmanager.com", b"typeform.com", b"loom.com", b"figma.com",
];

/// Elements of HTML, SVG and MathML, sorted.
static ELEMENTS: &[&[u8]] = &[
    b"a", b"abbr", b"acronym", b"address", b"annotation-xml", b"area", b"article", b"aside", b"audio", b"b",
    b"bdi", b"bdo", b"bgsound", b"big", b"blink", b"blockquote", b"body", b"br", b"button", b"canvas",
    b"caption", b"center", b"circle", b"cite", b"code", b"col", b"colgroup", b"command", b"content", b"data",
    b"datalist", b"dd", b"defs", b"del", b"desc", b"details", b"dfn", b"dialog", b"dir", b"div", b"dl", b"dt",
    b"ellipse", b"em", b"fieldset", b"figcaption", b"figure", b"font", b"footer", b"foreignobject",
    b"frameset", b"g", b"h1", b"h2", b"h3", b"h4", b"h5", b"h6", b"head", b"header", b"hgroup", b"hr",
    b"html", b"i", b"image", b"img", b"input", b"ins", b"kbd", b"keygen", b"label", b"layer", b"legend",
    b"li", b"line", b"listing", b"maction", b"main", b"map", b"mark", b"marquee", b"math", b"menu",
    b"menuitem", b"meter", b"mglyph", b"mtext", b"multicol", b"nav", b"nobr", b"noembed", b"noframes",
    b"noscript", b"ol", b"optgroup", b"option", b"output", b"p", b"param", b"path", b"picture", b"plaintext",
    b"polygon", b"pre", b"progress", b"q", b"rect", b"rp", b"rt", b"ruby", b"s", b"samp", b"section",
    b"select", b"shadow", b"slot", b"small", b"source", b"span", b"strike", b"strong", b"sub", b"summary",
    b"sup", b"svg", b"table", b"tbody", b"td", b"template", b"text", b"textarea", b"tfoot", b"th", b"thead",
    b"time", b"title", b"tr", b"track", b"tt", b"u", b"ul", b"var", b"video", b"wbr", b"xml", b"xmp", b"xss",
];
