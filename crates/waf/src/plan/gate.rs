//! Gates: what a string must contain for an operator to be worth asking.
//!
//! A gate is open to a string that fits one of its [`Clause`]s. One pass over a string tells all
//! gates of a plan that are open to it.

use std::collections::HashMap;

use super::bits::ones;
use super::literal::Clause;
use super::prefilter::{self, Factor, Prefilter, has};
use crate::byteset::ByteSet;

/// Names one gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Gate(u16);

impl Gate {
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Whether it is marked in `open`.
    #[inline]
    pub(crate) fn is_in(self, open: &[u64]) -> bool {
        open.get(self.index() / 64)
            .is_some_and(|word| word >> (self.0 % 64) & 1 == 1)
    }
}

/// All gates of a plan.
#[derive(Debug)]
pub(crate) struct Gates {
    prefilter: Prefilter,
    /// Clauses with literals, by one of their factors.
    by_factor: Vec<Vec<Test>>,
    /// Clauses without, by the first of their sets.
    by_set: Vec<(ByteSet, Vec<Test>)>,
    len: usize,
}

/// The rest of a clause.
#[derive(Debug)]
struct Test {
    gate: Gate,
    also: Option<Factor>,
    sets: Box<[ByteSet]>,
    length: usize,
}

impl Test {
    fn fits(&self, len: usize, set: &ByteSet, factors: &[u64]) -> bool {
        len >= self.length
            && self.sets.iter().all(|own| own.intersects(set))
            && self.also.is_none_or(|also| has(factors, also))
    }
}

/// Collects gates; equal ones are one.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    literals: prefilter::Builder,
    gates: HashMap<Vec<Clause>, Gate>,
}

impl Builder {
    /// A gate of these clauses; `None` where they tell nothing.
    pub(crate) fn add(&mut self, mut clauses: Vec<Clause>) -> Option<Gate> {
        if clauses.contains(&Clause::default()) {
            return None;
        }
        for own in &mut clauses {
            own.sets = own.sets.iter().map(in_both_cases).collect();
        }
        let next = Gate(u16::try_from(self.gates.len()).ok()?);
        Some(*self.gates.entry(clauses).or_insert(next))
    }

    pub(crate) fn build(self) -> Result<Gates, String> {
        let Self {
            mut literals,
            gates,
        } = self;
        let len = gates.len();
        let mut by_factor: Vec<Vec<Test>> = Vec::new();
        let mut by_set: Vec<(ByteSet, Vec<Test>)> = Vec::new();
        let mut gates: Vec<_> = gates.into_iter().collect();
        gates.sort_by_key(|(_, gate)| gate.0);
        for (clauses, gate) in gates {
            for clause in clauses {
                let mut factors = clause.literals.into_iter().map(|set| literals.add(set));
                let (first, also) = (factors.next(), factors.next());
                let mut sets = clause.sets.into_iter();
                let lead = match first {
                    None => sets.next().unwrap_or(ByteSet::ALL),
                    Some(_) => ByteSet::ALL,
                };
                let test = Test {
                    gate,
                    also,
                    sets: sets.collect(),
                    length: clause.length,
                };
                match first {
                    Some(Factor(factor)) => {
                        let at = factor as usize;
                        if by_factor.len() <= at {
                            by_factor.resize_with(at + 1, Vec::new);
                        }
                        if let Some(list) = by_factor.get_mut(at) {
                            list.push(test);
                        }
                    }
                    None => match by_set.iter_mut().find(|(own, _)| *own == lead) {
                        Some((_, list)) => list.push(test),
                        None => by_set.push((lead, vec![test])),
                    },
                }
            }
        }
        Ok(Gates {
            prefilter: literals.build()?,
            by_factor,
            by_set,
            len,
        })
    }
}

/// A set with the letters it has in both cases. A string and what lower case makes of it then open
/// the same gates.
fn in_both_cases(set: &ByteSet) -> ByteSet {
    set.iter().fold(*set, |all, byte| {
        all.with(byte.to_ascii_lowercase())
            .with(byte.to_ascii_uppercase())
    })
}

impl Gates {
    /// How many words [`Gates::open`] fills.
    pub(crate) fn words(&self) -> usize {
        self.len.div_ceil(64)
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn prefilter(&self) -> &Prefilter {
        &self.prefilter
    }

    /// Marks in `open`, which has [`Gates::words`] words, the gates open to `text`, whose bytes are
    /// `set`. `factors` is working memory.
    pub(crate) fn open(
        &self,
        text: &[u8],
        set: &ByteSet,
        factors: &mut Vec<u64>,
        open: &mut [u64],
    ) {
        factors.clear();
        factors.resize(self.prefilter.words(), 0);
        let mut try_all = |tests: &[Test], factors: &[u64]| {
            for test in tests {
                if !test.gate.is_in(open)
                    && test.fits(text.len(), set, factors)
                    && let Some(word) = open.get_mut(test.gate.index() / 64)
                {
                    *word |= 1 << (test.gate.index() % 64);
                }
            }
        };
        if self.prefilter.scan(text, factors) {
            for factor in ones(factors) {
                if let Some(tests) = self.by_factor.get(factor) {
                    try_all(tests, factors);
                }
            }
        }
        for (lead, tests) in &self.by_set {
            if lead.intersects(set) || *lead == ByteSet::ALL {
                try_all(tests, factors);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clause(literals: &[&[&str]], sets: &[&[u8]], length: usize) -> Clause {
        Clause {
            literals: literals
                .iter()
                .map(|set| set.iter().map(|own| own.as_bytes().to_vec()).collect())
                .collect(),
            sets: sets.iter().map(|set| ByteSet::from_bytes(set)).collect(),
            length,
        }
    }

    fn is_open(clauses: Vec<Clause>, text: &str) -> bool {
        let mut builder = Builder::default();
        let gate = builder.add(clauses).unwrap();
        let gates = builder.build().unwrap();
        let mut open = vec![0; gates.words()];
        let text = text.as_bytes();
        gates.open(text, &ByteSet::of(text), &mut Vec::new(), &mut open);
        gate.is_in(&open)
    }

    #[test]
    fn a_clause_wants_all_it_names_and_a_gate_one_clause() {
        let both = vec![
            clause(&[&["union", "all"], &["select"]], &[b"("], 0),
            clause(&[], &[b"x", b"9"], 4),
        ];
        for text in ["UNION (SELECT", "select(all", "x..9", "9--X-"] {
            assert!(is_open(both.clone(), text), "{text}");
        }
        for text in ["union select", "union (", "(select", "x9", "xxxx", ""] {
            assert!(!is_open(both.clone(), text), "{text}");
        }
    }

    #[test]
    fn length_alone_is_a_gate() {
        assert!(is_open(vec![clause(&[], &[], 1)], "a"));
        assert!(!is_open(vec![clause(&[], &[], 1)], ""));
        assert!(Builder::default().add(vec![Clause::default()]).is_none());
    }
}
