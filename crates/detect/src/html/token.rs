//! A tokenizer of tags that knows neither where in a page its text will stand nor which browser reads
//! it, and therefore takes every reading any of them would.
//!
//! It differs from the tokenizer of the HTML standard where that one would be blind: comments, CDATA
//! and raw text are looked into (the text may stand behind their end), a `<` inside a tag begins a new
//! one, control characters separate attributes and vanish from names, and a backtick quotes. A quoted
//! value is handed out as a value; whoever reads it may look for tags inside it.
//! Every byte is read once; a quote that is never closed is read once per kind of quote.

use crate::seek;

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event<'a> {
    /// A tag begins at `at`. The name has no `<`; a marker (`/`, `!`, `?`, `%`) is part of it.
    Open { at: usize, name: &'a [u8] },
    /// An attribute with its value as written, without quotes.
    Attribute(Attribute<'a>),
    /// The `>` of a tag; what follows is text.
    Close { after: usize },
}

/// An attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attribute<'a> {
    /// Where its name begins.
    pub(super) at: usize,
    /// Its name, without quotes and control characters before it.
    pub(super) name: &'a [u8],
    /// Its value; empty where it has none.
    pub(super) value: &'a [u8],
    /// Where its value begins.
    pub(super) value_at: usize,
    /// The quote around the value, 0 for none.
    pub(super) quote: u8,
    /// Whether the quote is closed.
    pub(super) closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Text,
    Tag,
}

/// The tokens of a text.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
    state: State,
}

impl<'a> Tokens<'a> {
    /// The text stands between tags.
    pub(super) fn text(text: &'a [u8]) -> Self {
        Self {
            text,
            at: 0,
            state: State::Text,
        }
    }

    /// The text stands inside a tag, and its attributes begin at `at`.
    pub(super) fn inside(text: &'a [u8], at: usize) -> Self {
        Self {
            text,
            at,
            state: State::Tag,
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.get(at).copied()
    }

    fn slice(&self, from: usize, to: usize) -> &'a [u8] {
        self.text.get(from..to).unwrap_or_default()
    }

    fn open(&mut self) -> Option<Event<'a>> {
        loop {
            let rest = self.text.get(self.at..)?;
            let at = self.at + seek::memchr(b'<', rest)?;
            let mut begin = at + 1;
            while begin < at + 4
                && self
                    .byte(begin)
                    .is_some_and(|byte| byte < b' ' && byte != b'\n')
            {
                begin += 1;
            }
            self.at = begin;
            let rest = self.text.get(begin..)?;
            if rest.starts_with(b"!--") || rest.starts_with(b"![") {
                self.at = begin + 2;
                continue;
            }
            if !rest
                .first()
                .is_some_and(|byte| byte.is_ascii_alphabetic() || b"/!?%".contains(byte))
            {
                continue;
            }
            let marker = usize::from(!rest.first()?.is_ascii_alphabetic());
            let end = rest
                .get(marker..)?
                .iter()
                .position(|byte| (*byte <= b' ' && *byte != 0) || b"/><=".contains(byte))
                .map_or(rest.len(), |end| end + marker);
            self.at = begin + end;
            self.state = State::Tag;
            let name = self.slice(begin, begin + end);
            return Some(Event::Open { at, name });
        }
    }

    fn skip(&mut self, skipped: impl Fn(u8) -> bool) {
        while self.byte(self.at).is_some_and(&skipped) {
            self.at += 1;
        }
    }

    fn attribute(&mut self) -> Attribute<'a> {
        self.skip(|byte| b"\"'`".contains(&byte));
        let begin = self.at;
        // A name may begin with `=`.
        self.at += 1;
        self.skip(|byte| byte > b' ' && !b"/>=<".contains(&byte));
        let name = self.slice(begin, self.at);
        let after = self.at;
        self.skip(|byte| byte <= b' ');
        let mut found = Attribute {
            at: begin,
            name,
            value: &[],
            value_at: self.at,
            quote: 0,
            closed: true,
        };
        if self.byte(self.at) != Some(b'=') {
            self.at = after;
            return found;
        }
        self.at += 1;
        self.skip(|byte| byte <= b' ');
        self.value(&mut found);
        found
    }

    fn value(&mut self, found: &mut Attribute<'a>) {
        let quote = self.byte(self.at).filter(|byte| b"\"'`".contains(byte));
        if let Some(quote) = quote {
            let begin = self.at + 1;
            let rest = self.text.get(begin..).unwrap_or_default();
            let end = seek::memchr(quote, rest);
            if end.is_some() || quote != b'`' {
                found.quote = quote;
                found.closed = end.is_some();
                found.value_at = begin;
                found.value = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
                // What follows a quote that is never closed may be outside of it in the page.
                self.at = end.map_or(begin, |end| begin + end + 1);
                return;
            }
        }
        let begin = self.at;
        self.skip(|byte| byte > b' ' && byte != b'>');
        found.value_at = begin;
        found.value = self.slice(begin, self.at);
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        if self.state == State::Text {
            return self.open();
        }
        self.skip(|byte| byte <= b' ' || byte == b'/');
        match self.byte(self.at)? {
            b'>' => {
                self.at += 1;
                self.state = State::Text;
                Some(Event::Close { after: self.at })
            }
            b'<' => {
                self.state = State::Text;
                self.open()
            }
            _ => Some(Event::Attribute(self.attribute())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(text: &str) -> Vec<(String, String)> {
        let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Tokens::text(text.as_bytes())
            .filter_map(|event| match event {
                Event::Attribute(found) => Some((show(found.name), show(found.value))),
                Event::Open { .. } | Event::Close { .. } => None,
            })
            .collect()
    }

    #[test]
    fn attributes_are_found_however_they_are_separated() {
        for text in [
            "<svg/onload=a>",
            "<svg\u{b}onload\u{c}=\u{1}a>",
            "<svg x=\"y\"onload='a'",
            "<svg <svg onload=`a`>",
            "<!-- <svg onload=a",
            "</svg/onload=a>",
        ] {
            assert!(
                attributes(text).contains(&("onload".into(), "a".into())),
                "{text}"
            );
        }
    }

    #[test]
    fn signs_that_begin_no_tag_are_text() {
        for text in ["a <3 b", "1 < 2 && x=3", "<>", "<", "< b c=d>"] {
            assert_eq!(attributes(text), [], "{text}");
        }
    }
}
