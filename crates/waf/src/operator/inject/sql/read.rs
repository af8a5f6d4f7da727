//! A value as tokens.

use super::words::{WIDTH, Words, words};
use super::{Context, Kind};
use crate::byteset::ByteSet;
use babyshield_detect::finder::pair;

/// A token: its kind and the first bytes of its text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    len: u8,
    /// The quotes of a string, 0 where there is none.
    pub(super) open: u8,
    pub(super) close: u8,
    /// How many `@` stand before it.
    pub(super) signs: u8,
    /// Behind `len`, anything.
    bytes: [u8; WIDTH],
}

impl Token {
    pub(super) const NONE: Self = Self {
        kind: Kind::Comment,
        len: 0,
        open: 0,
        close: 0,
        signs: 0,
        bytes: [0; WIDTH],
    };

    /// At most 31 bytes of it.
    pub(super) fn text(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The first byte, 0 if there is none.
    pub(super) fn first(&self) -> u8 {
        self.text().first().copied().unwrap_or(0)
    }

    /// As libinjection's cases print it.
    pub(super) fn shown(&self) -> Vec<u8> {
        let mut out = vec![self.kind.letter(), b' '];
        let is_quoted = matches!(self.kind, Kind::String | Kind::Variable);
        if is_quoted && self.open != 0 {
            out.extend(std::iter::repeat_n(b'@', usize::from(self.signs)));
            out.push(self.open);
        }
        out.extend_from_slice(self.text());
        if is_quoted && self.close != 0 {
            out.push(self.close);
        }
        out
    }

    /// The same token with other words.
    pub(super) fn renamed(&mut self, kind: Kind, bytes: [u8; WIDTH], len: usize) {
        self.kind = kind;
        self.bytes = bytes;
        self.len = cut(len);
    }
}

fn cut(len: usize) -> u8 {
    len.min(WIDTH - 1) as u8
}

/// What ends a word.
const ENDS: ByteSet = ByteSet::from_bytes(b" []{}<>:\\?=@!#~+-*/&|^%(),';\t\n\x0b\x0c\r\"\xa0\0");
/// What ends the name of a variable.
const ENDS_VARIABLE: ByteSet = ByteSet::from_bytes(b" <>:\\?=@!#~+-*/&|^%(),;'\t\n\x0b\x0c\r'`\"");
const WHITE: ByteSet = ByteSet::from_bytes(b" \t\n\x0b\x0c\r\xa0\0");
const DIGITS: ByteSet = ByteSet::range(b'0', b'9');
const BINARY: ByteSet = ByteSet::from_bytes(b"01");
const LETTERS: ByteSet = ByteSet::range(b'a', b'z').union(ByteSet::range(b'A', b'Z'));
const HEX: ByteSet = DIGITS
    .union(ByteSet::range(b'a', b'f'))
    .union(ByteSet::range(b'A', b'F'));
const MONEY: ByteSet = DIGITS.with(b'.').with(b',');

/// Reads a value token by token.
pub(super) struct Reader<'a> {
    value: &'a [u8],
    at: usize,
    context: Context,
    words: &'static Words,
    /// Whether it met what MySQL reads in another way.
    pub(super) mysql_differs: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(value: &'a [u8], context: Context) -> Self {
        Self {
            value,
            at: 0,
            context,
            words: words(),
            mysql_differs: false,
        }
    }

    pub(super) fn next(&mut self) -> Option<Token> {
        if let Some(quote) = self.context.quote
            && self.at == 0
            && !self.value.is_empty()
        {
            return Some(self.string(quote, 0, 0, 0, quote));
        }
        loop {
            let byte = self.peek(0)?;
            if !is_blank(byte) {
                return Some(self.token(byte));
            }
            self.at += 1;
        }
    }

    #[inline]
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.value.get(self.at + ahead).copied()
    }

    fn rest(&self, from: usize) -> &'a [u8] {
        self.value.get(from..).unwrap_or_default()
    }

    /// How many bytes of a set follow from a place on.
    fn run(&self, from: usize, set: &ByteSet) -> usize {
        let rest = self.rest(from);
        let end = rest.iter().position(|byte| !set.contains(*byte));
        end.unwrap_or(rest.len())
    }

    /// How many bytes follow before one of a set.
    fn until(&self, from: usize, set: &ByteSet) -> usize {
        let rest = self.rest(from);
        let end = rest.iter().position(|byte| set.contains(*byte));
        end.unwrap_or(rest.len())
    }

    /// A token of the bytes from a place on; reading goes on at `next`.
    fn take(&mut self, kind: Kind, from: usize, len: usize, next: usize) -> Token {
        self.at = next;
        let mut bytes = [0; WIDTH];
        if let Some(all) = self.value.get(from..).and_then(|own| own.first_chunk()) {
            bytes = *all;
        } else {
            let some = self.rest(from);
            bytes
                .iter_mut()
                .zip(some)
                .for_each(|(to, from)| *to = *from);
        }
        Token {
            kind,
            len: cut(len),
            open: 0,
            close: 0,
            signs: 0,
            bytes,
        }
    }

    /// A token of the next bytes.
    #[inline]
    fn ahead(&mut self, kind: Kind, len: usize) -> Token {
        self.take(kind, self.at, len, self.at + len)
    }

    fn token(&mut self, byte: u8) -> Token {
        match byte {
            b'(' => self.ahead(Kind::LeftParenthesis, 1),
            b')' => self.ahead(Kind::RightParenthesis, 1),
            b',' => self.ahead(Kind::Comma, 1),
            b';' => self.ahead(Kind::Semicolon, 1),
            b'{' => self.ahead(Kind::LeftBrace, 1),
            b'}' => self.ahead(Kind::RightBrace, 1),
            b'?' | b']' => self.ahead(Kind::Unknown, 1),
            b'%' | b'^' | b'+' | b'~' => self.ahead(Kind::Operator, 1),
            b'!' | b'&' | b'*' | b':' | b'<' | b'=' | b'>' | b'|' => self.operator(byte),
            b'"' | b'\'' => self.string(byte, self.at, 1, byte, byte),
            b'`' => self.ticks(),
            b'#' => self.hash(),
            b'$' => self.money(),
            b'-' => self.dash(),
            b'/' => self.slash(),
            b'@' => self.variable(),
            b'[' => self.bracket(),
            b'\\' if self.peek(1) == Some(b'N') => self.ahead(Kind::Number, 2),
            b'\\' => self.ahead(Kind::Backslash, 1),
            b'.' | b'0'..=b'9' => self.number(),
            b'b' | b'B' => self.digits_in_quotes(&BINARY),
            b'x' | b'X' => self.digits_in_quotes(&HEX),
            b'e' | b'E' => self.string_with_prefix(),
            b'n' | b'N' => self.national_string(),
            b'q' | b'Q' => self.own_quotes(0),
            b'u' | b'U' => self.unicode_string(),
            _ => self.word(),
        }
    }

    fn operator(&mut self, byte: u8) -> Token {
        if self.rest(self.at).starts_with(b"<=>") {
            return self.ahead(Kind::Operator, 3);
        }
        let pair = self.value.get(self.at..self.at + 2);
        match pair.map(|pair| self.words.kind(pair)) {
            None => self.ahead(Kind::Operator, 1),
            Some(Kind::Bareword) if byte == b':' => self.ahead(Kind::Colon, 1),
            Some(Kind::Bareword) => self.ahead(Kind::Operator, 1),
            Some(Kind::Logic) => self.ahead(Kind::Logic, 2),
            Some(_) => self.ahead(Kind::Operator, 2),
        }
    }

    /// A string that begins `skip` bytes from here and has its first quote before that.
    fn string(&mut self, quote: u8, from: usize, skip: usize, open: u8, close: u8) -> Token {
        let from = from + skip;
        // Behind a quote that is not there, no backslash stands.
        let floor = if skip == 0 { from } else { 0 };
        let mut at = from;
        let end = loop {
            let Some(next) = memchr::memchr(quote, self.rest(at)) else {
                break None;
            };
            let next = at + next;
            let before = self.value.get(floor..next).unwrap_or_default();
            let slashes = before.iter().rev().take_while(|byte| **byte == b'\\');
            if slashes.count() % 2 == 1 {
                at = next + 1;
            } else if self.value.get(next + 1) == Some(&quote) {
                at = next + 2;
            } else {
                break Some(next);
            }
        };
        let len = end.unwrap_or(self.value.len()).saturating_sub(from);
        let next = end.map_or(self.value.len(), |end| end + 1);
        let mut own = self.take(Kind::String, from, len, next);
        own.open = open;
        own.close = if end.is_some() { close } else { 0 };
        own
    }

    fn ticks(&mut self) -> Token {
        let mut own = self.string(b'`', self.at, 1, b'`', b'`');
        own.kind = match self.words.kind(own.text()) {
            Kind::Function => Kind::Function,
            _ => Kind::Bareword,
        };
        own
    }

    fn line_comment(&mut self) -> Token {
        let rest = self.rest(self.at);
        let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let next = (self.at + len + 1).min(self.value.len());
        self.take(Kind::Comment, self.at, len, next)
    }

    fn hash(&mut self) -> Token {
        self.mysql_differs = true;
        if self.context.mysql {
            return self.line_comment();
        }
        self.ahead(Kind::Operator, 1)
    }

    fn dash(&mut self) -> Token {
        if self.peek(1) != Some(b'-') {
            return self.ahead(Kind::Operator, 1);
        }
        if self.peek(2).is_none_or(|next| WHITE.contains(next)) {
            return self.line_comment();
        }
        self.mysql_differs = true;
        if self.context.mysql {
            self.ahead(Kind::Operator, 1)
        } else {
            self.line_comment()
        }
    }

    fn slash(&mut self) -> Token {
        if self.peek(1) != Some(b'*') {
            return self.ahead(Kind::Operator, 1);
        }
        let inside = self.rest(self.at + 2);
        let end = pair(inside, *b"*/");
        let len = end.map_or(self.value.len() - self.at, |end| end + 4);
        // One in another, or the kind that MySQL runs. `/*/*/` counts.
        let inner = end.and_then(|end| inside.get(..=end));
        let is_nested = inner.is_some_and(|inner| pair(inner, *b"/*").is_some());
        if is_nested || inside.first() == Some(&b'!') {
            return self.ahead(Kind::Evil, len);
        }
        self.ahead(Kind::Comment, len)
    }

    fn variable(&mut self) -> Token {
        let start = self.at;
        let signs = if self.peek(1) == Some(b'@') { 2 } else { 1 };
        let quoted = match self.peek(signs) {
            Some(b'`') => {
                self.at += signs;
                Some(self.ticks())
            }
            Some(quote @ (b'\'' | b'"')) => {
                self.at += signs;
                Some(self.string(quote, self.at, 1, quote, quote))
            }
            _ => None,
        };
        if let Some(mut own) = quoted {
            own.kind = Kind::Variable;
            own.signs = signs as u8;
            return own;
        }
        let len = signs + self.until(start + signs, &ENDS_VARIABLE);
        self.ahead(Kind::Variable, len)
    }

    fn bracket(&mut self) -> Token {
        let rest = self.rest(self.at);
        let len = memchr::memchr(b']', rest).map_or(rest.len(), |end| end + 1);
        self.ahead(Kind::Bareword, len)
    }

    fn money(&mut self) -> Token {
        let digits = self.run(self.at + 1, &MONEY);
        match (digits, self.peek(1)) {
            (1, Some(b'.')) => self.word(),
            (1.., _) => self.ahead(Kind::Number, 1 + digits),
            (_, Some(b'$')) => self.string_between(2),
            _ => {
                let letters = self.run(self.at + 1, &LETTERS);
                if letters > 0 && self.peek(1 + letters) == Some(b'$') {
                    return self.string_between(letters + 2);
                }
                self.ahead(Kind::Bareword, 1)
            }
        }
    }

    /// `$$…$$`, `$mark$…$mark$`.
    fn string_between(&mut self, mark: usize) -> Token {
        let from = self.at + mark;
        let mark = self.value.get(self.at..from).unwrap_or_default();
        let inside = self.rest(from);
        let end = memchr::memmem::find(inside, mark);
        let len = end.unwrap_or(inside.len());
        let next = end.map_or(self.value.len(), |end| from + end + mark.len());
        let mut own = self.take(Kind::String, from, len, next);
        own.open = b'$';
        own.close = if end.is_some() { b'$' } else { 0 };
        own
    }

    fn number(&mut self) -> Token {
        let prefixed = match (self.peek(0), self.peek(1)) {
            (Some(b'0'), Some(b'x' | b'X')) => Some(&HEX),
            (Some(b'0'), Some(b'b' | b'B')) => Some(&BINARY),
            _ => None,
        };
        if let Some(digits) = prefixed {
            let digits = self.run(self.at + 2, digits);
            let kind = if digits == 0 {
                Kind::Bareword
            } else {
                Kind::Number
            };
            return self.ahead(kind, 2 + digits);
        }
        let mut len = self.run(self.at, &DIGITS);
        if self.peek(len) == Some(b'.') {
            len += 1 + self.run(self.at + len + 1, &DIGITS);
            if len == 1 {
                return self.ahead(Kind::Dot, 1);
            }
        }
        let mut kind = Kind::Number;
        if matches!(self.peek(len), Some(b'e' | b'E')) {
            len += 1;
            if matches!(self.peek(len), Some(b'+' | b'-')) {
                len += 1;
            }
            let exponent = self.run(self.at + len, &DIGITS);
            len += exponent;
            if exponent == 0 {
                kind = Kind::Bareword;
            }
        }
        if matches!(self.peek(len), Some(b'd' | b'D' | b'f' | b'F')) {
            let ends = match self.peek(len + 1) {
                None | Some(b';' | b'u' | b'U') => true,
                Some(next) => WHITE.contains(next),
            };
            len += usize::from(ends);
        }
        self.ahead(kind, len)
    }

    fn digits_in_quotes(&mut self, digits: &ByteSet) -> Token {
        if self.peek(1) == Some(b'\'') && self.peek(2).is_some() {
            let len = 2 + self.run(self.at + 2, digits);
            if self.peek(len) == Some(b'\'') {
                return self.ahead(Kind::Number, len + 1);
            }
        }
        self.word()
    }

    fn string_with_prefix(&mut self) -> Token {
        if self.peek(1) == Some(b'\'') && self.peek(2).is_some() {
            return self.string(b'\'', self.at, 2, b'\'', b'\'');
        }
        self.word()
    }

    fn national_string(&mut self) -> Token {
        if self.peek(1) == Some(b'\'') && self.peek(2).is_some() {
            return self.string_with_prefix();
        }
        self.own_quotes(1)
    }

    fn unicode_string(&mut self) -> Token {
        if self.peek(1) == Some(b'&') && self.peek(2) == Some(b'\'') {
            return self.string(b'\'', self.at, 3, b'u', b'u');
        }
        self.word()
    }

    /// `q'(…)'`, behind `skip` bytes.
    fn own_quotes(&mut self, skip: usize) -> Token {
        let (Some(b'q' | b'Q'), Some(b'\''), Some(open)) =
            (self.peek(skip), self.peek(skip + 1), self.peek(skip + 2))
        else {
            return self.word();
        };
        // Bytes are signed to libinjection.
        if open.cast_signed() < 33 {
            return self.word();
        }
        let close = match open {
            b'(' => b')',
            b'[' => b']',
            b'{' => b'}',
            b'<' => b'>',
            other => other,
        };
        let from = self.at + skip + 3;
        let inside = self.rest(from);
        let end = pair(inside, [close, b'\'']);
        let len = end.unwrap_or(inside.len());
        let next = end.map_or(self.value.len(), |end| from + end + 2);
        let mut own = self.take(Kind::String, from, len, next);
        own.open = b'q';
        own.close = if end.is_some() { b'q' } else { 0 };
        own
    }

    fn word(&mut self) -> Token {
        let len = self.until(self.at, &ENDS);
        let word = self.value.get(self.at..self.at + len).unwrap_or_default();
        // Up to a dot it may be a word that is known; none of those is longer.
        let start = word.get(..len.min(WIDTH)).unwrap_or_default();
        for (dot, _) in start
            .iter()
            .enumerate()
            .filter(|(_, byte)| matches!(byte, b'.' | b'`'))
        {
            let kind = self.words.kind(start.get(..dot).unwrap_or_default());
            if kind != Kind::Bareword {
                return self.ahead(kind, dot);
            }
        }
        let kind = self.words.kind(word);
        self.ahead(kind, len)
    }
}

/// What stands between tokens.
fn is_blank(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, 0x7f | 0xa0)
}
