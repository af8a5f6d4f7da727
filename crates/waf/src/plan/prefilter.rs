//! One pass over a string that tells which literal sets it contains a member of, as far as the
//! members' first bytes tell.

use std::collections::HashMap;

use babyshield_detect::finder::Finder;
use foldhash::fast::FixedState;

use super::few::{self, Few};
use super::literal::{Literal, minimise};
use crate::byteset::ByteSet;

/// No more bytes of a literal than this are looked for: what follows tells little more.
const MAX_LENGTH: usize = 16;

/// Names one literal set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Factor(pub(crate) u32);

/// All literal sets of a reach.
#[derive(Debug, Default)]
pub(crate) struct Prefilter {
    finder: Finder,
    /// The literals where there are few of them.
    few: Vec<Few>,
    /// For each literal, the sets it belongs to.
    members: Vec<Vec<Factor>>,
    /// For each literal, the detectors it wakes.
    woken: Vec<u32>,
    factors: usize,
    longest: usize,
}

/// Collects literal sets; equal sets share a [`Factor`].
#[derive(Debug, Default)]
pub(crate) struct Builder {
    sets: HashMap<Vec<Literal>, Factor, FixedState>,
    words: Vec<(&'static str, u32)>,
}

impl Builder {
    /// Adds a set of literals in lower case, none of them empty.
    pub(crate) fn add(&mut self, mut literals: Vec<Literal>) -> Factor {
        for literal in &mut literals {
            *literal = literal.cut(MAX_LENGTH);
        }
        minimise(&mut literals);
        let next = Factor(u32::try_from(self.sets.len()).unwrap_or(u32::MAX));
        *self.sets.entry(literals).or_insert(next)
    }

    /// Adds words that wake detectors.
    pub(crate) fn add_words(&mut self, words: impl Iterator<Item = (&'static str, u32)>) {
        self.words.extend(words);
    }

    pub(crate) fn build(self) -> Prefilter {
        let factors = self.sets.len();
        let mut ids: HashMap<Literal, (Vec<Factor>, u32), FixedState> = HashMap::default();
        for (literals, factor) in self.sets {
            for literal in literals {
                ids.entry(literal).or_default().0.push(factor);
            }
        }
        for (word, woken) in self.words {
            ids.entry(Literal::of(word.as_bytes())).or_default().1 |= woken;
        }
        let mut literals: Vec<_> = ids.into_iter().collect();
        literals.sort();
        let texts: Vec<&[u8]> = literals.iter().map(|(own, _)| &**own).collect();
        Prefilter {
            longest: texts.iter().map(|own| own.len()).max().unwrap_or(0),
            finder: Finder::new(&texts),
            few: few::all(&texts),
            woken: literals.iter().map(|(_, (_, woken))| *woken).collect(),
            members: literals.into_iter().map(|(_, (own, _))| own).collect(),
            factors,
        }
    }
}

impl Prefilter {
    /// How many words [`Prefilter::scan`] fills.
    pub(crate) fn words(&self) -> usize {
        self.factors.div_ceil(64)
    }

    /// Marks in `hits`, which has [`Prefilter::words`] words, the sets that `text`, whose bytes are `set`,
    /// contains a member of. The detectors that its words wake.
    pub(crate) fn scan(&self, text: &[u8], set: &ByteSet, hits: &mut [u64]) -> u32 {
        let mut woken = 0;
        let mut found = |literal: u32| {
            woken |= self.woken.get(literal as usize).copied().unwrap_or(0);
            for factor in self.members.get(literal as usize).into_iter().flatten() {
                if let Some(word) = hits.get_mut(factor.0 as usize / 64) {
                    *word |= 1 << (factor.0 % 64);
                }
            }
        };
        let done = match text.len() < few::LONG {
            true => false,
            false => self.few.iter().all(|few| few.find(text, &mut found)) && !self.few.is_empty(),
        };
        if !done {
            self.finder.find(text, &set.0, found);
        }
        woken
    }

    /// How many bytes the longest literal has.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    /// How many literals are looked for.
    pub(crate) fn literals(&self) -> usize {
        self.members.len()
    }

    /// How many sets there are.
    pub(crate) fn factors(&self) -> usize {
        self.factors
    }

    /// Heap memory of the finder, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.finder.memory()
    }
}

/// Whether `factor` is marked in `hits`.
pub(crate) fn has(hits: &[u64], factor: Factor) -> bool {
    hits.get(factor.0 as usize / 64)
        .is_some_and(|word| word >> (factor.0 % 64) & 1 == 1)
}
