//! Gates: what a string must contain for an operator to be worth asking.
//!
//! A gate is open to a string that fits one of its [`Clause`]s. One pass over a string tells all
//! gates of a plan that are open to it.

use std::collections::HashMap;

use babyshield_detect::{Class, Confidence, Scanner};

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
    by_set: Vec<Vec<Test>>,
    /// The sets that some clause has first.
    leads: Vec<u64>,
    /// For each byte, the sets that have it: so many words each.
    sets_of_byte: Vec<u64>,
    set_words: usize,
    /// Clauses that tell a length alone.
    by_length: Vec<Test>,
    /// For each gate, the length below which it is closed to every string.
    shortest: Vec<usize>,
    /// Gates that no string opens, but what the detectors found.
    detected: Vec<(Class, Confidence, Gate)>,
    len: usize,
}

/// The rest of a clause.
#[derive(Debug)]
struct Test {
    gate: Gate,
    also: Option<Factor>,
    sets: Box<[u16]>,
    length: usize,
}

impl Test {
    fn fits(&self, len: usize, sets: &[u64], factors: &[u64]) -> bool {
        let has_set = |set: &u16| is_marked(sets, usize::from(*set));
        len >= self.length
            && self.sets.iter().all(has_set)
            && self.also.is_none_or(|also| has(factors, also))
    }
}

fn is_marked(words: &[u64], at: usize) -> bool {
    words
        .get(at / 64)
        .is_some_and(|word| word >> (at % 64) & 1 == 1)
}

fn mark(words: &mut [u64], at: usize) {
    if let Some(word) = words.get_mut(at / 64) {
        *word |= 1 << (at % 64);
    }
}

/// Collects gates; equal ones are one.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    literals: prefilter::Builder,
    gates: HashMap<Vec<Clause>, Gate>,
    detected: Vec<(Class, Confidence, Gate)>,
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
        let next = self.next()?;
        Some(*self.gates.entry(clauses).or_insert(next))
    }

    /// The gate that opens when a detector is so sure of a value, or surer.
    pub(crate) fn add_detected(&mut self, class: Class, confidence: Confidence) -> Option<Gate> {
        let mut known = self.detected.iter();
        if let Some((.., gate)) = known.find(|own| (own.0, own.1) == (class, confidence)) {
            return Some(*gate);
        }
        let gate = self.next()?;
        self.detected.push((class, confidence, gate));
        Some(gate)
    }

    fn next(&self) -> Option<Gate> {
        let len = self.gates.len() + self.detected.len();
        u16::try_from(len).ok().map(Gate)
    }

    pub(crate) fn build(self) -> Gates {
        let Self {
            mut literals,
            gates,
            detected,
        } = self;
        let mut all = Gates {
            prefilter: prefilter::Builder::default().build(),
            by_factor: Vec::new(),
            by_set: Vec::new(),
            leads: Vec::new(),
            sets_of_byte: Vec::new(),
            set_words: 0,
            by_length: Vec::new(),
            shortest: vec![0; gates.len() + detected.len()],
            len: gates.len() + detected.len(),
            detected,
        };
        let mut sets = Vec::new();
        let mut gates: Vec<_> = gates.into_iter().collect();
        gates.sort_by_key(|(_, gate)| gate.0);
        for (clauses, gate) in gates {
            let shortest = clauses.iter().map(|own| own.length).min();
            if let Some(own) = all.shortest.get_mut(gate.index()) {
                *own = shortest.unwrap_or(0);
            }
            for clause in clauses {
                all.put(gate, clause, &mut literals, &mut sets);
            }
        }
        all.set_words = sets.len().div_ceil(64);
        all.leads = vec![0; all.set_words];
        for (at, tests) in all.by_set.iter().enumerate() {
            if !tests.is_empty() {
                mark(&mut all.leads, at);
            }
        }
        all.sets_of_byte = vec![0; all.set_words * 256];
        for (at, set) in sets.iter().enumerate() {
            for byte in set.iter() {
                let own = usize::from(byte) * all.set_words;
                if let Some(words) = all.sets_of_byte.get_mut(own..own + all.set_words) {
                    mark(words, at);
                }
            }
        }
        if !all.detected.is_empty() {
            literals.add_words(Scanner::shared().words());
        }
        all.prefilter = literals.build();
        all
    }
}

/// The list at a place, with the lists before it.
fn list_at(lists: &mut Vec<Vec<Test>>, at: usize) -> Option<&mut Vec<Test>> {
    if lists.len() <= at {
        lists.resize_with(at + 1, Vec::new);
    }
    lists.get_mut(at)
}

/// A set with the letters it has in both cases. A string and what lower case makes of it then open
/// the same gates.
pub(super) fn in_both_cases(set: &ByteSet) -> ByteSet {
    set.iter().fold(*set, |all, byte| {
        all.with(byte.to_ascii_lowercase())
            .with(byte.to_ascii_uppercase())
    })
}

impl Gates {
    fn put(
        &mut self,
        gate: Gate,
        clause: Clause,
        literals: &mut prefilter::Builder,
        known: &mut Vec<ByteSet>,
    ) {
        let mut factors = clause.literals.into_iter().map(|set| literals.add(set));
        let (first, also) = (factors.next(), factors.next());
        let number = |set: ByteSet| {
            let at = known.iter().position(|own| *own == set);
            let at = at.unwrap_or_else(|| {
                known.push(set);
                known.len() - 1
            });
            // Without a number, the set is not asked for: its gate is open too often.
            u16::try_from(at).ok()
        };
        let sets: Vec<u16> = clause.sets.into_iter().filter_map(number).collect();
        let (list, sets) = match (first, sets.as_slice()) {
            (Some(Factor(factor)), all) => (list_at(&mut self.by_factor, factor as usize), all),
            (None, [lead, rest @ ..]) => (list_at(&mut self.by_set, usize::from(*lead)), rest),
            (None, []) => (Some(&mut self.by_length), &[][..]),
        };
        if let Some(list) = list {
            list.push(Test {
                gate,
                also,
                sets: sets.into(),
                length: clause.length,
            });
        }
    }

    /// How many words [`Gates::open`] fills.
    pub(crate) fn words(&self) -> usize {
        self.len.div_ceil(64)
    }

    /// Marks in `open` the gates that a finding opens.
    pub(crate) fn open_detected(&self, class: Class, confidence: Confidence, open: &mut [u64]) {
        for (own, least, gate) in &self.detected {
            if *own == class
                && *least <= confidence
                && let Some(word) = open.get_mut(gate.index() / 64)
            {
                *word |= 1 << (gate.index() % 64);
            }
        }
    }

    /// Whether [`Gates::open`] tells what wakes detectors.
    pub(crate) fn knows_words(&self) -> bool {
        !self.detected.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The length below which a gate is closed to every string.
    pub(super) fn shortest(&self, gate: Gate) -> usize {
        self.shortest.get(gate.index()).copied().unwrap_or(0)
    }

    pub(crate) fn prefilter(&self) -> &Prefilter {
        &self.prefilter
    }

    /// Marks in `open`, which has [`Gates::words`] words, the gates open to `text`, whose bytes are
    /// `set`; and tells the detectors that its words wake, where rules ask detectors. `work` is working
    /// memory.
    pub(crate) fn open(
        &self,
        text: &[u8],
        set: &ByteSet,
        work: &mut Vec<u64>,
        open: &mut [u64],
    ) -> u32 {
        let words = self.prefilter.words();
        work.clear();
        work.resize(words + self.set_words, 0);
        let Some((factors, sets)) = work.split_at_mut_checked(words) else {
            return u32::MAX;
        };
        for byte in ones(&set.0) {
            let own = self.sets_of_byte.get(byte * self.set_words..);
            for (set, own) in sets.iter_mut().zip(own.unwrap_or_default()) {
                *set |= own;
            }
        }
        let woken = self.prefilter.scan(text, factors);
        let (factors, sets) = (&*factors, &*sets);
        let mut try_all = |tests: &[Test]| {
            for test in tests {
                if !test.gate.is_in(open) && test.fits(text.len(), sets, factors) {
                    mark(open, test.gate.index());
                }
            }
        };
        for factor in ones(factors) {
            if let Some(tests) = self.by_factor.get(factor) {
                try_all(tests);
            }
        }
        for (at, (sets, leads)) in sets.iter().zip(&self.leads).enumerate() {
            let mut rest = sets & leads;
            while rest != 0 {
                let lead = at * 64 + rest.trailing_zeros() as usize;
                rest &= rest - 1;
                if let Some(tests) = self.by_set.get(lead) {
                    try_all(tests);
                }
            }
        }
        try_all(&self.by_length);
        woken
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
        let gates = builder.build();
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
