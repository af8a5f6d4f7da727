//! A place in a text, for the small languages that need no tokens.

use crate::seek;

/// Reads a text from left to right. Every method that fails leaves it where it was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// At a place of `text`.
    pub(crate) fn new(text: &'a [u8], at: usize) -> Self {
        Self { text, at }
    }

    /// The place.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// What has not been read.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next byte; 0 at the end.
    pub(crate) fn peek(&self) -> u8 {
        self.rest().first().copied().unwrap_or(0)
    }

    /// Whether nothing but white space and NUL follows.
    pub(crate) fn ended(&mut self) -> bool {
        self.blanks();
        self.at >= self.text.len()
    }

    /// Skips white space and control characters.
    pub(crate) fn blanks(&mut self) -> &mut Self {
        self.at += self.rest().iter().take_while(|byte| **byte <= b' ').count();
        self
    }

    /// Takes these bytes, whatever their case.
    pub(crate) fn takes(&mut self, bytes: &[u8]) -> bool {
        let taken = self
            .rest()
            .get(..bytes.len())
            .is_some_and(|own| own.eq_ignore_ascii_case(bytes));
        if taken {
            self.at += bytes.len();
        }
        taken
    }

    /// Takes the first of these that fits.
    pub(crate) fn takes_one(&mut self, of: &[&[u8]]) -> bool {
        of.iter().any(|own| self.takes(own))
    }

    /// Takes the bytes that are of a kind; how many they were.
    pub(crate) fn take_while(&mut self, is: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let length = rest.iter().take_while(|byte| is(**byte)).count();
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// Skips bytes that were looked at.
    pub(crate) fn skip(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.text.len());
    }

    /// Takes a word: letters, digits, `_` and `$`.
    pub(crate) fn word(&mut self) -> &'a [u8] {
        self.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$')
    }

    /// Takes a string in quotes; one that is not closed ends with the text.
    pub(crate) fn string(&mut self) -> Option<Quoted<'a>> {
        let quote = self.peek();
        if !matches!(quote, b'\'' | b'"' | b'`') {
            return None;
        }
        let rest = self.rest().get(1..).unwrap_or_default();
        let mut at = 0;
        let end = loop {
            let Some(found) = rest
                .get(at..)
                .and_then(|rest| seek::memchr2(quote, b'\\', rest))
            else {
                break None;
            };
            at += found;
            if rest.get(at) == Some(&quote) {
                break Some(at);
            }
            at += 2;
        };
        self.at += 1 + end.map_or(rest.len(), |end| end + 1);
        let body = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        Some(Quoted {
            quote,
            body,
            open: end.is_none(),
        })
    }

    /// Takes a number.
    pub(crate) fn number(&mut self) -> bool {
        !self
            .take_while(|byte| byte.is_ascii_digit() || byte == b'.')
            .is_empty()
    }
}

/// A string in quotes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quoted<'a> {
    /// Its quote.
    pub(crate) quote: u8,
    /// What stands between the quotes.
    pub(crate) body: &'a [u8],
    /// Whether the closing quote is missing.
    pub(crate) open: bool,
}
