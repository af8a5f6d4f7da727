//! Tokens of GraphQL (spec, section 2.1).

use crate::seek;

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name.
    Name(&'a [u8]),
    /// A string or a number: what it says does not matter here.
    Value,
    /// `...`
    Spread,
    /// Another mark.
    Mark(u8),
}

/// Reads tokens, without looking back.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    text: &'a [u8],
    /// Where the next token is looked for.
    pub(super) at: usize,
    /// A byte that GraphQL does not know was met.
    pub(super) fault: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            at: 0,
            fault: false,
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_ignored(&mut self) {
        loop {
            match self.rest() {
                [b' ' | b'\t' | b'\r' | b'\n' | b',', ..] => self.at += 1,
                [0xef, 0xbb, 0xbf, ..] => self.at += 3,
                rest @ [b'#', ..] => {
                    self.at += seek::memchr(b'\n', rest).unwrap_or(rest.len());
                }
                // A line end that was written as an escape.
                [b'\\', b'n' | b'r' | b't', ..] => self.at += 2,
                _ => return,
            }
        }
    }

    fn string(&mut self) {
        if self.rest().starts_with(b"\"\"\"") {
            self.at += 3;
            let end = memchr::memmem::find(self.rest(), b"\"\"\"");
            self.at += end.map_or(self.rest().len(), |end| end + 3);
            return;
        }
        self.at += 1;
        loop {
            match self.rest() {
                [b'\\', _, ..] => self.at += 2,
                [b'"', ..] => {
                    self.at += 1;
                    return;
                }
                [_, ..] => self.at += 1,
                [] => return,
            }
        }
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_ignored();
        let rest = self.rest();
        let is_name = |own: &&u8| own.is_ascii_alphanumeric() || **own == b'_';
        match *rest.first()? {
            b'.' if rest.starts_with(b"...") => {
                self.at += 3;
                Some(Token::Spread)
            }
            b'"' => {
                self.string();
                Some(Token::Value)
            }
            own if own.is_ascii_alphabetic() || own == b'_' => {
                let len = rest.iter().take_while(is_name).count();
                self.at += len;
                Some(Token::Name(rest.get(..len)?))
            }
            own if own.is_ascii_digit() || own == b'-' => {
                let number =
                    |own: &&u8| own.is_ascii_alphanumeric() || matches!(own, b'.' | b'-' | b'+');
                self.at += rest.iter().take_while(number).count();
                Some(Token::Value)
            }
            own @ (b'{' | b'}' | b'(' | b')' | b'[' | b']' | b':' | b'=' | b'!' | b'|' | b'&'
            | b'$' | b'@') => {
                self.at += 1;
                Some(Token::Mark(own))
            }
            _ => {
                self.fault = true;
                None
            }
        }
    }
}
