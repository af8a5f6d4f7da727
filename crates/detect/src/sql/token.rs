//! Bytes to the tokens of SQL, as lenient as the most lenient database.
//!
//! What dialects disagree on is read the way that lets more attacks through: `#` begins a comment
//! (MySQL), `--` needs no space after it (all but MySQL), a backslash escapes (MySQL), control
//! characters separate words (SQL Server), `/*!…*/` is executed (MySQL).

use super::words::{self, Lower, Word};
use crate::finder::pair;
use crate::seek;

/// A token, with the words of the text it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A number in any notation.
    Number,
    /// A quoted string or name.
    Text {
        /// The quote: `'`, `"`, `` ` `` or `[`.
        quote: u8,
        /// Whether the closing quote is missing.
        open: bool,
        /// What stands between the quotes.
        body: &'a [u8],
    },
    /// An unquoted word; names joined by dots are one.
    Word(&'a [u8]),
    /// `@x`, `@@x`, `:x`, `?`, `$1`.
    Variable {
        /// Whether it is one of the server's own (`@@version`).
        system: bool,
    },
    /// `=`, `<`, `<=>`, `!=`, `~`, `~*` …
    Compare,
    /// `&&` or `||`.
    Pipes,
    /// `+ - * / % ^ & | << >> ::` and the operators of JSON.
    Arithmetic(u8),
    /// `!` or `~` before an operand.
    Not,
    /// `(`.
    Open,
    /// `)`.
    Close,
    /// `,`.
    Comma,
    /// `;`.
    Semicolon,
    /// `.` that stands alone.
    Dot,
    /// `{`, `}`: of no meaning here.
    Brace,
    /// A byte that no query holds outside quotes.
    Junk,
}

#[cfg(test)]
thread_local! {
    /// How many bytes and tokens were read, looks ahead included.
    pub(super) static READ: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Reads tokens one by one. Copying it is a look ahead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    /// Where the comment began that reaches the end of the text.
    pub(super) tail: Option<usize>,
    /// A comment stood between tokens.
    pub(super) commented: bool,
    /// A comment that MySQL executes was entered.
    pub(super) executed: bool,
}

impl<'a> Lexer<'a> {
    /// Reads `text` from `at` on.
    pub(super) fn new(text: &'a [u8], at: usize) -> Self {
        Self {
            text,
            at,
            tail: None,
            commented: false,
            executed: false,
        }
    }

    /// Where the next token would be looked for: the end of the last one.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Whether a double quote or a backtick stands before `at`.
    pub(super) fn quote_before(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|at| self.text.get(at));
        matches!(before, Some(b'"' | b'`'))
    }

    /// Whether `(` is the next byte but for white space.
    pub(super) fn before_open(&self) -> bool {
        let blanks = self
            .rest()
            .iter()
            .take(64)
            .take_while(|byte| **byte <= b' ')
            .count();
        self.peek(blanks) == b'('
    }

    /// The string of PostgreSQL that begins next, `$$…` or `$tag$…`, from behind its opening quote on.
    pub(super) fn dollars(&mut self) -> Option<&'a [u8]> {
        /// No tag is longer.
        const LONGEST: usize = 24;
        if !self.skip() {
            return None;
        }
        let rest = self.rest().strip_prefix(b"$")?;
        let tag = rest.iter().take(LONGEST).position(|byte| *byte == b'$')?;
        let (tag, body) = rest.split_at_checked(tag)?;
        let plain = tag.iter().all(|byte| is_word(*byte));
        plain.then_some(body.get(1..)?)
    }

    /// Skips white space and comments; false at the end of the text.
    fn skip(&mut self) -> bool {
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                0..=b' ' | 0xA0 => self.at += 1,
                0xC2 if self.peek(1) == 0xA0 => self.at += 2,
                0xE2 if self.peek(1) == 0x80 && (0x80..=0x8B).contains(&self.peek(2)) => {
                    self.at += 3
                }
                0xE3 if self.peek(1) == 0x80 && self.peek(2) == 0x80 => self.at += 3,
                b'#' if !self.in_word() => self.line_comment(),
                b'-' if self.peek(1) == b'-' => self.line_comment(),
                b'/' if self.peek(1) == b'*' => self.block_comment(),
                b'*' if self.executed && self.peek(1) == b'/' => self.at += 2,
                b'\\' if matches!(self.peek(1), b'\'' | b'"') => self.at += 1,
                _ => return true,
            }
        }
        false
    }

    /// Whether `#` is part of a name here: `C#8`.
    fn in_word(&self) -> bool {
        let before = self.text.get(..self.at).unwrap_or_default();
        let letters = before
            .iter()
            .rev()
            .take(16)
            .take_while(|byte| byte.is_ascii_alphabetic())
            .count();
        let word = before.get(self.at - letters..).unwrap_or_default();
        letters > 0
            && self.peek(1).is_ascii_alphanumeric()
            && words::word(Lower::new(word).as_bytes()) == Word::Name
    }

    fn line_comment(&mut self) {
        let begun = self.at;
        let end = seek::memchr2(b'\n', b'\r', self.rest());
        match end {
            Some(end) => {
                self.at += end + 1;
                self.commented = true;
                if self.rest().iter().all(|byte| *byte <= b' ') {
                    self.at = self.text.len();
                    self.tail = Some(begun);
                }
            }
            None => {
                self.at = self.text.len();
                self.tail = Some(begun);
            }
        }
    }

    fn block_comment(&mut self) {
        let begun = self.at;
        let hint = usize::from(self.peek(2) == b'M');
        if self.peek(2 + hint) == b'!' {
            self.at += 3 + hint;
            let digits = self
                .rest()
                .iter()
                .take(6)
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            // A version has five or six digits; fewer are part of the query.
            self.at += if digits >= 5 { digits } else { 0 };
            self.executed = true;
            return;
        }
        match pair(self.text.get(begun + 2..).unwrap_or_default(), *b"*/") {
            Some(length) => {
                self.at = begun + 2 + length + 2;
                self.commented = true;
                if self.at == self.text.len() {
                    self.tail = Some(begun);
                }
            }
            None => {
                self.at = self.text.len();
                self.tail = Some(begun);
            }
        }
    }

    /// The next token, or nothing at the end.
    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        #[cfg(test)]
        let begun = self.at;
        let token = self.token();
        #[cfg(test)]
        READ.with(|read| read.set(read.get() + 1 + self.at - begun));
        token
    }

    fn token(&mut self) -> Option<Token<'a>> {
        if !self.skip() {
            return None;
        }
        let byte = self.peek(0);
        Some(match byte {
            b'0'..=b'9' => self.number(),
            b'.' if self.peek(1).is_ascii_digit() => self.number(),
            b'\'' | b'"' | b'`' => self.quoted(byte, byte),
            b'[' => self.quoted(b'[', b']'),
            b'@' if self.peek(1) == b'>' => self.take(2, Token::Compare),
            b'@' => self.variable(),
            b':' if self.peek(1) == b':' => self.take(2, Token::Arithmetic(b':')),
            b':' | b'$' if is_word(self.peek(1)) => self.bound(),
            b'?' => self.question(),
            b'(' => self.take(1, Token::Open),
            b')' => self.take(1, Token::Close),
            b',' => self.take(1, Token::Comma),
            b';' => self.take(1, Token::Semicolon),
            b'.' => self.take(1, Token::Dot),
            b'{' | b'}' => self.take(1, Token::Brace),
            b'\\' if self.peek(1) == b'N' => self.take(2, Token::Number),
            0xE2 | 0xCA | 0xEF => self.wide_quote(),
            _ if is_word(byte) => self.word(),
            _ => self.operator(byte),
        })
    }

    fn take(&mut self, length: usize, token: Token<'a>) -> Token<'a> {
        self.at += length;
        token
    }

    fn operator(&mut self, byte: u8) -> Token<'a> {
        let next = self.peek(1);
        match (byte, next) {
            (b'<', b'<') | (b'>', b'>') => self.take(2, Token::Arithmetic(byte)),
            (b'<', b'=') if self.peek(2) == b'>' => self.take(3, Token::Compare),
            (b'<', b'@') => self.take(2, Token::Compare),
            (b'-', b'>') => self.arrow(),
            (b'<' | b'>' | b'!' | b'^' | b'=' | b':', b'=')
            | (b'<', b'>')
            | (b'!', b'<' | b'>') => self.take(2, Token::Compare),
            (b'!', b'~') | (b'~', b'*') => self.take(2, Token::Compare),
            (b'=' | b'<' | b'>', _) => self.take(1, Token::Compare),
            (b'&', b'&') | (b'|', b'|') => self.take(2, Token::Pipes),
            (b'%', b'0' | b'2' | b'A'..=b'F' | b'a'..=b'f') if self.peek(2).is_ascii_hexdigit() => {
                self.take(1, Token::Junk)
            }
            (b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'&' | b'|', _) => {
                self.take(1, Token::Arithmetic(byte))
            }
            (b'!' | b'~', _) => self.take(1, Token::Not),
            _ => self.take(1, Token::Junk),
        }
    }

    fn arrow(&mut self) -> Token<'a> {
        let length = if self.peek(2) == b'>' { 3 } else { 2 };
        self.take(length, Token::Arithmetic(b'>'))
    }

    fn number(&mut self) -> Token<'a> {
        if self.peek(0) == b'0' && matches!(self.peek(1), b'x' | b'X') {
            self.at += 2;
            self.digits(u8::is_ascii_hexdigit);
            return Token::Number;
        }
        self.digits(u8::is_ascii_digit);
        if self.peek(0) == b'.' {
            self.at += 1;
            self.digits(u8::is_ascii_digit);
        }
        let sign = usize::from(matches!(self.peek(1), b'+' | b'-'));
        if matches!(self.peek(0), b'e' | b'E') && self.peek(1 + sign).is_ascii_digit() {
            self.at += 1 + sign;
            self.digits(u8::is_ascii_digit);
        }
        let length = word_length(self.rest());
        if length == 0 {
            return Token::Number;
        }
        let glued = self.rest().get(..length).unwrap_or_default();
        // `1e.5union`: an exponent without digits; `1fUNION`: a suffix.
        if matches!(glued, [b'e' | b'E' | b'f' | b'F' | b'd' | b'D']) || begins_clause(glued) {
            self.at += usize::from(length == 1);
            return Token::Number;
        }
        if let [b'e' | b'E' | b'f' | b'F' | b'd' | b'D', after @ ..] = glued
            && begins_clause(after)
        {
            self.at += 1;
            return Token::Number;
        }
        self.word()
    }

    fn digits(&mut self, is: fn(&u8) -> bool) {
        self.at += self.rest().iter().take_while(|byte| is(byte)).count();
    }

    /// A string from its opening quote on; a doubled quote and a backslash do not end it.
    fn quoted(&mut self, quote: u8, closing: u8) -> Token<'a> {
        let begun = self.at + 1;
        let end = match self.rest() {
            // Where a backslash does not escape: `concat('\',…)`.
            [_, b'\\', own, b',' | b')' | b'+' | b'|', ..] if *own == closing => Some(begun + 1),
            _ => end_of_text(self.text, begun, closing),
        };
        let (end, open) = match end {
            Some(end) => (end, false),
            None => (self.text.len(), true),
        };
        self.at = if open { end } else { end + 1 };
        let body = self.text.get(begun..end).unwrap_or_default();
        if quote == b'[' {
            let name = body.len() <= 128
                && body
                    .iter()
                    .all(|byte| is_word(*byte) || b" .-".contains(byte));
            if open || !name || body.is_empty() {
                self.at = begun;
                return Token::Junk;
            }
        }
        if quote != b'\''
            && !open
            && self.peek(0) == b'.'
            && (is_word(self.peek(1)) || b"`[\".".contains(&self.peek(1)))
        {
            self.at += 1;
            if is_word(self.peek(0)) {
                self.word();
            }
        }
        Token::Text { quote, open, body }
    }

    /// Typographic quotes, which some databases fold into plain ones.
    fn wide_quote(&mut self) -> Token<'a> {
        let length = wide_quote(self.rest());
        if length == 0 {
            return self.word();
        }
        let begun = self.at + length;
        self.at = self.text.len();
        let mut at = begun;
        while let Some(found) = self
            .text
            .get(at..)
            .and_then(|rest| seek::memchr3(0xE2, 0xCA, 0xEF, rest))
        {
            at += found;
            let closing = wide_quote(self.text.get(at..).unwrap_or_default());
            if closing > 0 {
                self.at = at + closing;
                let body = self.text.get(begun..at).unwrap_or_default();
                return Token::Text {
                    quote: b'\'',
                    open: false,
                    body,
                };
            }
            at += 1;
        }
        Token::Text {
            quote: b'\'',
            open: true,
            body: self.text.get(begun..).unwrap_or_default(),
        }
    }

    fn variable(&mut self) -> Token<'a> {
        // `Symbol.@@iterator` is a name of another language.
        let member = self.at > 0 && self.text.get(self.at - 1) == Some(&b'.');
        let system = self.peek(1) == b'@' && !member;
        self.at += 1 + usize::from(self.peek(1) == b'@');
        let system = system && (self.peek(0).is_ascii_alphabetic() || self.peek(0) == b'`');
        if matches!(self.peek(0), b'`' | b'\'' | b'"') {
            let quote = self.peek(0);
            self.quoted(quote, quote);
        } else {
            self.word();
        }
        Token::Variable { system }
    }

    fn bound(&mut self) -> Token<'a> {
        self.at += 1;
        self.word();
        Token::Variable { system: false }
    }

    fn question(&mut self) -> Token<'a> {
        match self.peek(1) {
            b'|' | b'&' => self.take(2, Token::Arithmetic(b'?')),
            _ => self.take(1, Token::Variable { system: false }),
        }
    }

    /// Whether the word so far cannot be the first part of a name: `select.1`, `or.1`.
    fn ends_word(&self, begun: usize) -> bool {
        let word = self.text.get(begun..self.at).unwrap_or_default();
        begins_clause(word) || word.eq_ignore_ascii_case(b"select")
    }

    /// Names joined by dots.
    fn word(&mut self) -> Token<'a> {
        let begun = self.at;
        loop {
            self.at += word_length(self.rest());
            let dots = self
                .rest()
                .iter()
                .take(3)
                .take_while(|byte| **byte == b'.')
                .count();
            if dots == 0 || self.at == begun {
                break;
            }
            match self.peek(dots) {
                byte if byte.is_ascii_digit() && self.ends_word(begun) => break,
                byte if is_word(byte) => self.at += dots,
                quote @ (b'`' | b'"') => {
                    self.at += dots;
                    self.quoted(quote, quote);
                    break;
                }
                b'*' => {
                    self.at += dots + 1;
                    break;
                }
                _ => break,
            }
        }
        Token::Word(self.text.get(begun..self.at).unwrap_or_default())
    }
}

/// The position of the quote that ends a string begun before `at`.
pub(super) fn end_of_text(text: &[u8], at: usize, closing: u8) -> Option<usize> {
    let mut at = at;
    loop {
        let found = seek::memchr2(closing, b'\\', text.get(at..)?)? + at;
        let doubled = text.get(found + 1) == Some(&closing);
        match text.get(found) {
            Some(b'\\') => at = found + 2,
            _ if doubled && closing != b']' => at = found + 2,
            _ => return Some(found),
        }
    }
}

/// The length of a typographic single or double quote at the beginning of `text`, or 0.
pub(super) fn wide_quote(text: &[u8]) -> usize {
    match text {
        [0xE2, 0x80, 0x98..=0x9F, ..]
        | [0xE2, 0x80, 0xB2 | 0xB3, ..]
        | [0xEF, 0xBC, 0x87 | 0x82, ..] => 3,
        [0xCA, 0xB9 | 0xBA | 0xBC, ..] => 2,
        _ => 0,
    }
}

/// The length of a space other than ASCII's at the beginning of `text`, or 0.
fn wide_blank(text: &[u8]) -> usize {
    match text {
        [0xA0, ..] => 1,
        [0xC2, 0xA0, ..] => 2,
        [0xE2, 0x80, 0x80..=0x8B, ..] | [0xE3, 0x80, 0x80, ..] | [0xEF, 0xBB, 0xBF, ..] => 3,
        _ => 0,
    }
}

/// The length of the unquoted name at the beginning of `text`.
fn word_length(text: &[u8]) -> usize {
    let mut ascii = true;
    let mut ends = |at: usize, byte: u8| {
        let before = std::mem::replace(&mut ascii, byte < 0x80);
        let wide = byte >= 0xA0 && before && {
            let rest = text.get(at..).unwrap_or_default();
            wide_blank(rest) > 0 || wide_quote(rest) > 0
        };
        !is_word(byte) || wide
    };
    let end = text.iter().enumerate().find(|(at, byte)| ends(*at, **byte));
    end.map_or(text.len(), |(at, _)| at)
}

/// Whether a byte may stand in an unquoted name.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// Words that may follow a number without a space.
fn begins_clause(word: &[u8]) -> bool {
    const WORDS: [&[u8]; 16] = [
        b"or", b"and", b"xor", b"union", b"order", b"group", b"having", b"limit", b"like",
        b"rlike", b"regexp", b"div", b"mod", b"between", b"into", b"in",
    ];
    WORDS.iter().any(|own| own.eq_ignore_ascii_case(word))
        || [&b"is"[..], b"from", b"where", b"procedure", b"as"]
            .iter()
            .any(|own| own.eq_ignore_ascii_case(word))
}
