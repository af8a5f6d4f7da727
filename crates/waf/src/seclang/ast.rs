//! What was written, byte for byte.

use std::ops::Range;
use std::sync::Arc;

use babyshield_model::{Source, Span};

/// One rule file.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// The text it was read from.
    pub source: Arc<Source>,
    /// Everything in it, in order. The ranges of the items cover the text without a gap.
    pub items: Vec<Item>,
}

/// A stretch of the file.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// Comments and blank lines.
    Trivia(Range<usize>),
    /// A directive with its arguments, over however many lines.
    Directive(Directive),
}

/// A directive and its arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Directive {
    /// `SecRule`, as written.
    pub name: Text,
    /// Unquoted, with line continuations removed.
    pub arguments: Vec<Text>,
    /// From the first byte of the name to the line's end.
    pub range: Range<usize>,
}

/// A word of the file with the quotes, escapes and line continuations taken away, which still
/// knows where each of its bytes stood.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// The text as meant.
    pub value: String,
    /// The range it was read from, quotes included.
    pub range: Range<usize>,
    /// Where stretches of `value` begin: (offset in `value`, offset in the file), ascending.
    map: Vec<(usize, usize)>,
    source: Arc<Source>,
}

impl Text {
    pub(super) fn new(source: &Arc<Source>, start: usize) -> Self {
        Self {
            value: String::new(),
            range: start..start,
            map: Vec::new(),
            source: Arc::clone(source),
        }
    }

    /// Appends a stretch that stands at `at` in the file.
    pub(super) fn push(&mut self, stretch: &str, at: usize) {
        if !stretch.is_empty() {
            if self.map.is_empty() || self.place(self.value.len()) != at {
                self.map.push((self.value.len(), at));
            }
            self.value.push_str(stretch);
        }
    }

    /// The whole word's place.
    #[must_use]
    pub fn span(&self) -> Span {
        Span::new(&self.source, self.range.clone())
    }

    /// The place of a part of [`Text::value`].
    #[must_use]
    pub fn span_of(&self, part: Range<usize>) -> Span {
        let start = self.place(part.start);
        let end = part
            .end
            .checked_sub(1)
            .map_or(start, |last| self.place(last) + 1);
        Span::new(&self.source, start..end.max(start))
    }

    /// A part of this word as a word of its own, trimmed of white space.
    #[must_use]
    pub fn slice(&self, part: Range<usize>) -> Self {
        let raw = self.value.get(part.clone()).unwrap_or_default();
        let start = part.start + (raw.len() - raw.trim_start().len());
        let value = raw.trim().to_owned();
        let range = self.span_of(start..start + value.len()).range;
        let end = start + value.len();
        let mut map = vec![(0, self.place(start))];
        map.extend(
            self.map
                .iter()
                .filter(|(own, _)| *own > start && *own < end)
                .map(|&(own, place)| (own - start, place)),
        );
        Self {
            value,
            range,
            map,
            source: Arc::clone(&self.source),
        }
    }

    /// The same word with another value, for text that was unescaped further.
    #[must_use]
    pub fn with_value(mut self, value: String) -> Self {
        self.value = value;
        self
    }

    fn place(&self, offset: usize) -> usize {
        match self.map.iter().rev().find(|(own, _)| *own <= offset) {
            Some((own, place)) => place + (offset - own),
            None => self.range.start,
        }
    }
}

impl File {
    /// The file as text again: exactly what was parsed.
    #[must_use]
    pub fn print(&self) -> String {
        let range = |item: &Item| match item {
            Item::Trivia(range) => range.clone(),
            Item::Directive(directive) => directive.range.clone(),
        };
        self.items
            .iter()
            .filter_map(|item| self.source.text.get(range(item)))
            .collect()
    }

    /// The directives, without what lies between them.
    pub fn directives(&self) -> impl Iterator<Item = &Directive> {
        self.items.iter().filter_map(|item| match item {
            Item::Directive(directive) => Some(directive),
            Item::Trivia(_) => None,
        })
    }
}
