//! One pass over a string that tells which literal sets it contains a member of, as
//! far as the members' first bytes tell.

use std::collections::HashMap;

use aho_corasick::automaton::Automaton;
use aho_corasick::dfa::DFA;
use aho_corasick::nfa::{contiguous, noncontiguous};
use aho_corasick::{Anchored, MatchKind, StartKind};

use super::literal::minimise;

/// A table of every step is twice as fast as the compact form; this much memory it may take.
const MAX_TABLE: usize = 12 << 20;

/// No more bytes of a literal than this are looked for: what follows tells little more, and memory
/// grows with it.
const MAX_LENGTH: usize = 6;

/// Names one literal set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Factor(pub(crate) u32);

/// All literal sets of a plan in one automaton.
#[derive(Debug, Default)]
pub(crate) struct Prefilter {
    automaton: Machine,
    /// For each literal, the sets it belongs to.
    members: Vec<Vec<Factor>>,
    factors: usize,
}

#[derive(Debug, Default)]
enum Machine {
    #[default]
    Nothing,
    Table(Box<DFA>),
    Compact(Box<contiguous::NFA>),
}

/// Collects literal sets; equal sets share a [`Factor`].
#[derive(Debug, Default)]
pub(crate) struct Builder {
    sets: HashMap<Vec<Vec<u8>>, Factor>,
}

impl Builder {
    /// Adds a set of literals in lower case, none of them empty.
    pub(crate) fn add(&mut self, mut literals: Vec<Vec<u8>>) -> Factor {
        for literal in &mut literals {
            literal.truncate(MAX_LENGTH);
        }
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
        let texts: Vec<&[u8]> = literals.iter().map(|(own, _)| own.as_slice()).collect();
        let automaton = machine(&texts)
            .map_err(|error| format!("the rules' literals cannot be compiled: {error}"))?;
        let members = literals.into_iter().map(|(_, factors)| factors).collect();
        Ok(Prefilter {
            automaton,
            members,
            factors,
        })
    }
}

fn machine(literals: &[&[u8]]) -> Result<Machine, aho_corasick::BuildError> {
    if literals.is_empty() {
        return Ok(Machine::Nothing);
    }
    let plain = noncontiguous::NFA::builder()
        .match_kind(MatchKind::Standard)
        .ascii_case_insensitive(true)
        .prefilter(false)
        .build(literals)?;
    let compact = contiguous::NFA::builder().build_from_noncontiguous(&plain)?;
    // A row of the table is several times the size of a compact state.
    if compact.memory_usage() > MAX_TABLE / 2 {
        return Ok(Machine::Compact(Box::new(compact)));
    }
    let table = DFA::builder()
        .start_kind(StartKind::Unanchored)
        .build_from_noncontiguous(&plain)?;
    Ok(if table.memory_usage() > MAX_TABLE {
        Machine::Compact(Box::new(compact))
    } else {
        Machine::Table(Box::new(table))
    })
}

impl Prefilter {
    /// How many words [`Prefilter::scan`] fills.
    pub(crate) fn words(&self) -> usize {
        self.factors.div_ceil(64)
    }

    /// Marks in `hits`, which has [`Prefilter::words`] words, the sets that `text` contains a
    /// member of. Whether there is any.
    pub(crate) fn scan(&self, text: &[u8], hits: &mut [u64]) -> bool {
        match &self.automaton {
            Machine::Nothing => false,
            Machine::Table(automaton) => self.walk(automaton.as_ref(), text, hits),
            Machine::Compact(automaton) => self.walk(automaton.as_ref(), text, hits),
        }
    }

    fn walk(&self, automaton: &impl Automaton, text: &[u8], hits: &mut [u64]) -> bool {
        // Fails only for anchored searches.
        let Ok(mut state) = automaton.start_state(Anchored::No) else {
            return false;
        };
        let mut any = false;
        for &byte in text {
            state = automaton.next_state(Anchored::No, state, byte);
            if !automaton.is_special(state) || !automaton.is_match(state) {
                continue;
            }
            any = true;
            for at in 0..automaton.match_len(state) {
                let literal = automaton.match_pattern(state, at).as_usize();
                for factor in self.members.get(literal).into_iter().flatten() {
                    if let Some(word) = hits.get_mut(factor.0 as usize / 64) {
                        *word |= 1 << (factor.0 % 64);
                    }
                }
            }
        }
        any
    }

    /// How many sets there are.
    pub(crate) fn factors(&self) -> usize {
        self.factors
    }

    /// Heap memory of the automaton, in bytes.
    pub(crate) fn memory(&self) -> usize {
        match &self.automaton {
            Machine::Nothing => 0,
            Machine::Table(automaton) => automaton.memory_usage(),
            Machine::Compact(automaton) => automaton.memory_usage(),
        }
    }
}

/// Whether `factor` is marked in `hits`.
pub(crate) fn has(hits: &[u64], factor: Factor) -> bool {
    hits.get(factor.0 as usize / 64)
        .is_some_and(|word| word >> (factor.0 % 64) & 1 == 1)
}
