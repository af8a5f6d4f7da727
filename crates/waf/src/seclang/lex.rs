//! Splits a file into logical lines and a line into words.

use std::sync::Arc;

use babyshield_model::{Diagnostic, Source, Span};

use super::ast::Text;

/// A cursor over one file.
pub(super) struct Lexer<'a> {
    source: &'a Arc<Source>,
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(source: &'a Arc<Source>) -> Self {
        Self {
            source,
            text: &source.text,
            at: 0,
        }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn done(&self) -> bool {
        self.at >= self.text.len()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Length of a backslash and line end at the cursor, if one stands there.
    fn continuation(&self) -> Option<usize> {
        let after = self.rest().strip_prefix('\\')?;
        let blank = after.len() - after.trim_start_matches([' ', '\t']).len();
        let line_end = after.get(blank..)?;
        if line_end.starts_with("\r\n") {
            Some(blank + 3)
        } else if line_end.starts_with('\n') {
            Some(blank + 2)
        } else if line_end.is_empty() {
            Some(blank + 1)
        } else {
            None
        }
    }

    /// Passes blank lines and comments; a comment ends at its line's end, backslash or not, as
    /// long as the backslash is not the last character.
    pub(super) fn skip_trivia(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with('#') {
                return;
            }
            self.skip_line();
        }
    }

    /// Passes spaces and continuations; false when the logical line ends here.
    fn skip_blank(&mut self) -> bool {
        while let Some(next) = self.peek() {
            if let Some(length) = self.continuation() {
                self.at += length;
            } else if next == '\n' {
                return false;
            } else if next.is_whitespace() {
                self.at += next.len_utf8();
            } else {
                return true;
            }
        }
        false
    }

    /// The next word of this logical line.
    pub(super) fn word(&mut self) -> Option<Result<Text, Diagnostic>> {
        if !self.skip_blank() {
            return None;
        }
        match self.peek() {
            Some(quote @ ('"' | '\'')) => Some(self.quoted(quote)),
            _ => Some(Ok(self.bare())),
        }
    }

    fn bare(&mut self) -> Text {
        let mut word = Text::new(self.source, self.at);
        while let Some(next) = self.peek() {
            if self.continuation().is_some() || next.is_whitespace() {
                break;
            }
            self.take(&mut word, next.len_utf8());
        }
        word.range.end = self.at;
        word
    }

    fn quoted(&mut self, quote: char) -> Result<Text, Diagnostic> {
        let start = self.at;
        let mut word = Text::new(self.source, start);
        self.at += 1;
        while let Some(next) = self.peek() {
            let ordinary = self.until(|byte| byte == quote as u8 || byte == b'\\');
            if ordinary > 0 {
                self.take(&mut word, ordinary);
            } else if let Some(length) = self.continuation() {
                self.at += length;
            } else if next == quote {
                self.at += 1;
                word.range.end = self.at;
                return Ok(word);
            } else if next == '\\' && self.rest().get(1..).is_some_and(|r| r.starts_with(quote)) {
                self.at += 1;
                self.take(&mut word, 1);
            } else if self.rest().starts_with(r"\\\\") {
                // Apache halves backslashes inside quotes, ModSecurity 3 does not, so rules for
                // both write four where they mean an escaped one. Two stay two.
                self.take(&mut word, 2);
                self.at += 2;
            } else if self.rest().starts_with(r"\\") {
                self.take(&mut word, 2);
            } else {
                self.take(&mut word, next.len_utf8());
            }
        }
        Err(
            Diagnostic::error("seclang.unclosed_quote", "this quote is never closed")
                .at(Span::new(self.source, start..start + 1))
                .help(format!("add the closing {quote}")),
        )
    }

    fn take(&mut self, word: &mut Text, length: usize) {
        let end = self.at + length;
        word.push(self.text.get(self.at..end).unwrap_or_default(), self.at);
        self.at = end;
    }

    /// How many bytes lie before the first that `ends`, which knows ASCII only.
    fn until(&self, ends: impl Fn(u8) -> bool) -> usize {
        let rest = self.rest();
        rest.bytes().position(ends).unwrap_or(rest.len())
    }

    /// Passes the rest of the logical line.
    pub(super) fn skip_line(&mut self) {
        while let Some(next) = self.peek() {
            let ordinary = self.until(|byte| matches!(byte, b'\n' | b'\\'));
            if ordinary > 0 {
                self.at += ordinary;
            } else if let Some(length) = self.continuation() {
                self.at += length;
            } else if next == '\n' {
                return;
            } else {
                self.at += next.len_utf8();
            }
        }
    }
}
