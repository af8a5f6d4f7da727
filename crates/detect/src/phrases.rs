//! Whether a text holds phrases, byte for byte.
//!
//! To make a searcher takes as long as to use it on a few hundred bytes, and most values are shorter: a list
//! of phrases makes its searchers once.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

/// Phrases that texts are asked for again and again.
#[derive(Debug)]
pub(crate) struct Phrases(LazyLock<Vec<Finder<'static>>, fn() -> Vec<Finder<'static>>>);

impl Phrases {
    /// The phrases that `searchers` makes: [`searchers`] of a list.
    pub(crate) const fn new(make: fn() -> Vec<Finder<'static>>) -> Self {
        Self(LazyLock::new(make))
    }

    /// Where the first of the list that the text holds stands in it.
    pub(crate) fn find(&self, text: &[u8]) -> Option<Range<usize>> {
        let within = |own: &&Finder<'_>| own.needle().len() <= text.len();
        self.0.iter().filter(within).find_map(|own| {
            let at = own.find(text)?;
            Some(at..at + own.needle().len())
        })
    }

    /// Where each of the list stands in a text, at most so often.
    pub(crate) fn places(&self, text: &[u8], most: usize) -> impl Iterator<Item = usize> {
        let within = |own: &&Finder<'_>| own.needle().len() <= text.len();
        let own = self.0.iter().filter(within);
        own.flat_map(move |own| own.find_iter(text).take(most))
    }

    /// Whether the text holds any.
    pub(crate) fn are_in(&self, text: &[u8]) -> bool {
        self.find(text).is_some()
    }
}

/// A searcher for each phrase of a list.
pub(crate) fn searchers(list: &[&'static [u8]]) -> Vec<Finder<'static>> {
    list.iter().map(|own| Finder::new(*own)).collect()
}

/// Where a phrase stands in a text.
#[inline]
pub(crate) fn find(text: &[u8], phrase: &[u8]) -> Option<usize> {
    (text.len() >= phrase.len())
        .then(|| memmem::find(text, phrase))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_list_is_found_wherever_it_stands() {
        static OWN: Phrases = Phrases::new(|| searchers(&[b"later", b"first", b"x"]));
        assert_eq!(OWN.find(b"first, later"), Some(7..12));
        assert_eq!(OWN.find(b"a first"), Some(2..7));
        assert_eq!(OWN.find(b"x"), Some(0..1));
        assert!(!OWN.are_in(b"") && !OWN.are_in(b"firs LATER"));
        assert_eq!(find(b"ab", b"abc"), None);
        assert_eq!(find(b"zab", b"ab"), Some(1));
    }
}
