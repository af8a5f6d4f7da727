//! Whether a text holds phrases, byte for byte.
//!
//! To make a searcher takes as long as to use it on a few hundred bytes, and most values are shorter: a list
//! of phrases makes its searchers once.

use crate::seek;
use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

/// Phrases that texts are asked for again and again.
#[derive(Debug)]
pub(crate) struct Phrases(LazyLock<Vec<Finder<'static>>, fn() -> Vec<Finder<'static>>>);

impl Phrases {
    /// The phrases that `make` makes searchers for: [`searchers`] or [`of_words`] of a list.
    pub(crate) const fn new(make: fn() -> Vec<Finder<'static>>) -> Self {
        Self(LazyLock::new(make))
    }

    /// Where the first of the list that the text holds stands in it.
    pub(crate) fn find(&self, text: &[u8]) -> Option<Range<usize>> {
        self.each(text).next()
    }

    /// Where each of those that the text holds stands first.
    pub(crate) fn each(&self, text: &[u8]) -> impl Iterator<Item = Range<usize>> {
        self.that_fit(text).filter_map(|own| {
            let at = own.find(text)?;
            Some(at..at + own.needle().len())
        })
    }

    /// Those that are no longer than the text.
    fn that_fit(&self, text: &[u8]) -> impl Iterator<Item = &Finder<'static>> {
        let fits = |own: &&Finder<'_>| own.needle().len() <= text.len();
        self.0.iter().filter(fits)
    }

    /// Where the first that stands in the text begins, in whichever order they are listed.
    pub(crate) fn first(&self, text: &[u8]) -> Option<usize> {
        self.each(text).map(|own| own.start).min()
    }

    /// Where each of the list stands in a text, at most so often.
    pub(crate) fn places(&self, text: &[u8], most: usize) -> impl Iterator<Item = usize> {
        let own = self.that_fit(text);
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

/// A searcher for each word of a list.
pub(crate) fn of_words(list: &[&'static str]) -> Vec<Finder<'static>> {
    list.iter().map(|own| Finder::new(*own)).collect()
}

/// Where a phrase stands in a text.
#[inline]
pub(crate) fn find(text: &[u8], phrase: &[u8]) -> Option<usize> {
    /// For so short a text a searcher takes longer to make than to use.
    const SHORT: usize = 64;
    if text.len() < phrase.len() {
        return None;
    }
    match phrase.first() {
        Some(first) if text.len() < SHORT => {
            let is_here = |at: &usize| text.get(*at..).is_some_and(|own| own.starts_with(phrase));
            seek::memchr_iter(*first, text).find(is_here)
        }
        _ => memmem::find(text, phrase),
    }
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
        assert_eq!(OWN.first(b"-first, later x"), Some(1));
        assert_eq!(OWN.places(b"x first x x", 2).collect::<Vec<_>>(), [2, 0, 8]);
        assert!(!OWN.are_in(b"") && !OWN.are_in(b"firs LATER"));
        assert_eq!(find(b"ab", b"abc"), None);
        for long in [1, 9, 100] {
            let text = [b"a".repeat(long), b"aabc".to_vec()].concat();
            assert_eq!(find(&text, b"abc"), Some(long + 1));
            assert_eq!(find(&text, b"abd"), None);
            assert_eq!(find(&text, b""), Some(0));
        }
        assert_eq!(find(b"zab", b"ab"), Some(1));
    }
}
