//! One pass over a string that tells which literal sets it contains a member of.

use std::collections::HashMap;

use aho_corasick::automaton::{Automaton, OverlappingState};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, Input, MatchKind};

use super::bits::Bits;
use super::literal::minimise;

/// Names one literal set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Factor(pub(crate) u32);

/// All literal sets of a plan in one automaton.
#[derive(Debug)]
pub(crate) struct Prefilter {
    automaton: Option<NFA>,
    /// For each literal, the sets it belongs to.
    members: Vec<Vec<Factor>>,
    factors: usize,
}

/// Collects literal sets; equal sets share a [`Factor`].
#[derive(Debug, Default)]
pub(crate) struct Builder {
    sets: HashMap<Vec<Vec<u8>>, Factor>,
}

impl Builder {
    /// Adds a set of literals in lower case, none of them empty.
    pub(crate) fn add(&mut self, mut literals: Vec<Vec<u8>>) -> Factor {
        minimise(&mut literals);
        let next = Factor(u32::try_from(self.sets.len()).unwrap_or(u32::MAX));
        *self.sets.entry(literals).or_insert(next)
    }

    pub(crate) fn build(self) -> Result<Prefilter, String> {
        let factors = self.sets.len();
        let mut ids: HashMap<Vec<u8>, Vec<Factor>> = HashMap::new();
        for (literals, factor) in self.sets {
            for literal in literals {
                ids.entry(literal).or_default().push(factor);
            }
        }
        let mut literals: Vec<(Vec<u8>, Vec<Factor>)> = ids.into_iter().collect();
        literals.sort();
        if literals.is_empty() {
            return Ok(Prefilter {
                automaton: None,
                members: Vec::new(),
                factors,
            });
        }
        let automaton = NFA::builder()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .build(literals.iter().map(|(literal, _)| literal))
            .map_err(|error| format!("the rules' literals cannot be compiled: {error}"))?;
        let members = literals.into_iter().map(|(_, factors)| factors).collect();
        Ok(Prefilter {
            automaton: Some(automaton),
            members,
            factors,
        })
    }
}

impl Prefilter {
    /// How many words [`Prefilter::scan`] fills.
    pub(crate) fn words(&self) -> usize {
        self.factors.div_ceil(64)
    }

    /// Marks in `hits`, which has [`Prefilter::words`] words, the sets that `text` contains a
    /// member of.
    pub(crate) fn scan(&self, text: &[u8], hits: &mut [u64]) {
        let Some(automaton) = &self.automaton else {
            return;
        };
        let input = Input::new(text).anchored(Anchored::No);
        let mut state = OverlappingState::start();
        loop {
            // Fails only for anchored searches, which this automaton is not built for.
            if automaton.try_find_overlapping(&input, &mut state).is_err() {
                return;
            }
            let Some(found) = state.get_match() else {
                return;
            };
            let sets = self.members.get(found.pattern().as_usize());
            for factor in sets.into_iter().flatten() {
                if let Some(word) = hits.get_mut(factor.0 as usize / 64) {
                    *word |= 1 << (factor.0 % 64);
                }
            }
        }
    }

    /// How many sets there are.
    pub(crate) fn factors(&self) -> usize {
        self.factors
    }

    /// Heap memory of the automaton, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.automaton.as_ref().map_or(0, Automaton::memory_usage)
    }
}

/// Whether `factor` is marked in `hits`.
pub(crate) fn has(hits: &[u64], factor: Factor) -> bool {
    hits.get(factor.0 as usize / 64)
        .is_some_and(|word| word >> (factor.0 % 64) & 1 == 1)
}

/// For each factor, what it sets off.
pub(crate) type Triggers = Vec<Bits>;
