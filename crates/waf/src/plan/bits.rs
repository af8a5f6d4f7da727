//! Sets of small numbers.

/// A growable set of indices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    /// Room for `len` indices, none of them in it.
    pub(crate) fn new(len: usize) -> Self {
        Self(vec![0; len.div_ceil(64)])
    }

    pub(crate) fn insert(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }

    pub(crate) fn contains(&self, index: usize) -> bool {
        self.0
            .get(index / 64)
            .is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// Makes this a copy of `other`, keeping the capacity.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.0.clear();
        self.0.extend_from_slice(&other.0);
    }

    pub(crate) fn union(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (own, more) in self.0.iter_mut().zip(&other.0) {
            *own |= more;
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The first index at or after `from` that is in the set.
    pub(crate) fn next(&self, from: usize) -> Option<usize> {
        let mut at = from / 64;
        let mut word = self.0.get(at)? & (u64::MAX << (from % 64));
        loop {
            if word != 0 {
                return Some(at * 64 + word.trailing_zeros() as usize);
            }
            at += 1;
            word = *self.0.get(at)?;
        }
    }
}

/// The indices set in some words.
pub(crate) fn ones(words: &[u64]) -> Ones<'_> {
    Ones {
        word: 0,
        base: 0,
        next: 0,
        rest: words.iter(),
    }
}

/// Walks through the bits of words, lowest first.
pub(crate) struct Ones<'a> {
    word: u64,
    /// The index of the word's first bit.
    base: usize,
    /// That of the next word's.
    next: usize,
    rest: std::slice::Iter<'a, u64>,
}

impl Iterator for Ones<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.word == 0 {
            self.word = *self.rest.next()?;
            self.base = self.next;
            self.next += 64;
        }
        let at = self.base + self.word.trailing_zeros() as usize;
        self.word &= self.word - 1;
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_finds_the_following_member() {
        let mut bits = Bits::new(200);
        for index in [3, 64, 199] {
            bits.insert(index);
        }
        assert_eq!(bits.next(0), Some(3));
        assert_eq!(bits.next(4), Some(64));
        assert_eq!(bits.next(65), Some(199));
        assert_eq!(bits.next(200), None);
        assert_eq!(ones(&bits.0).collect::<Vec<_>>(), [3, 64, 199]);
    }
}
