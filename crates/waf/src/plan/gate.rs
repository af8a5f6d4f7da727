//! Gates: what a string must contain for an operator to be worth asking.
//!
//! A gate is open to a string that fits one of its [`Clause`]s. One pass over a string tells all
//! gates of a part that are open to it: those of a [`Reach`], or the few that a field or a chain asks for.

use std::collections::HashMap;

use babyshield_detect::{Class, Confidence, Scanner};

use super::bits::ones;
use super::literal::{Clause, Literal};
use super::prefilter::{self, Factor, Prefilter, has};
use crate::byteset::ByteSet;

/// Names one gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Gate(u16);

impl Gate {
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Marks it in `open`.
    pub(crate) fn mark(self, open: &mut [u64]) {
        mark(open, self.index());
    }

    /// Whether it is marked in `open`.
    #[inline]
    pub(crate) fn is_in(self, open: &[u64]) -> bool {
        open.get(self.index() / 64)
            .is_some_and(|word| word >> (self.0 % 64) & 1 == 1)
    }
}

/// Which strings anybody asks a gate about. What is written for the path of a request need not be looked
/// for in its body, nor what a rule asks about when its first condition has matched, which few do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Reach {
    /// Any.
    #[default]
    All,
    /// The request line and the header fields.
    Head,
    /// The response.
    Response,
    /// Those of which an earlier condition has spoken.
    Later,
}

impl Reach {
    pub(crate) const ALL: [Self; 4] = [Self::All, Self::Head, Self::Response, Self::Later];

    /// Its part.
    #[inline]
    pub(crate) fn part(self) -> Parts {
        Parts(1 << self as u8)
    }
}

/// Parts of [`Gates`], one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts(u64);

impl Parts {
    pub(crate) const NONE: Self = Self(0);
    /// How many there may be.
    const MOST: usize = u64::BITS as usize;

    /// Those of both.
    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of the others are among them.
    pub(crate) fn has(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Whether any of the others is among them.
    pub(crate) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Where they are, but for those of another set.
    pub(crate) fn without(self, other: Self) -> impl Iterator<Item = usize> {
        let mut rest = self.0 & !other.0;
        std::iter::from_fn(move || {
            let at = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
            rest &= rest - 1;
            Some(at)
        })
    }
}

/// All gates of a plan.
#[derive(Debug)]
pub(crate) struct Gates {
    /// One for each [`Reach`], then those of [`Gates::narrow`].
    parts: Vec<Part>,
    /// For each gate, where it is.
    reach: Vec<Reach>,
    /// For each gate, the parts that tell of it.
    within: Vec<Parts>,
    /// For each gate, the length below which it is closed to every string.
    shortest: Vec<usize>,
    /// Gates that no string opens, but what the detectors found.
    detected: Vec<(Class, Confidence, Gate)>,
    /// For each gate, its clauses, until all parts are made.
    clauses: Vec<Vec<Clause>>,
    /// Parts made for a set of gates.
    known: HashMap<Vec<u64>, Parts>,
}

/// Gates that are told of in one pass.
#[derive(Debug)]
struct Part {
    /// The parts that tell of the same gates, and of others.
    wider: Parts,
    prefilter: Prefilter,
    /// Clauses with literals, by one of their factors.
    by_factor: Vec<Vec<Test>>,
    /// Clauses without, by the first of their sets.
    by_set: Vec<Vec<Test>>,
    /// The sets that some clause has first.
    leads: Vec<usize>,
    sets: Vec<ByteSet>,
    /// Clauses that tell a length alone.
    by_length: Vec<Test>,
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
    fn fits(&self, len: usize, own: &ByteSet, sets: &[ByteSet], factors: &[u64]) -> bool {
        let meets = |set: &u16| {
            sets.get(usize::from(*set))
                .is_none_or(|set| set.intersects(own))
        };
        len >= self.length
            && self.also.is_none_or(|also| has(factors, also))
            && self.sets.iter().all(meets)
    }
}

/// The gates of a set.
fn each(gates: &[u64]) -> impl Iterator<Item = Gate> {
    ones(gates).filter_map(|at| u16::try_from(at).ok().map(Gate))
}

fn mark(words: &mut [u64], at: usize) {
    if let Some(word) = words.get_mut(at / 64) {
        *word |= 1 << (at % 64);
    }
}

/// Collects gates; equal ones are one.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    gates: HashMap<Vec<Clause>, Gate, foldhash::fast::FixedState>,
    detected: Vec<(Class, Confidence, Gate)>,
    /// For each gate, where it is asked about.
    reach: Vec<Reach>,
}

impl Builder {
    /// A gate of these clauses; `None` where they tell nothing, or only that there is something: any value
    /// of any field opens such a gate to all rules that ask for no more.
    pub(crate) fn add(&mut self, mut clauses: Vec<Clause>, reach: Reach) -> Option<Gate> {
        let is_open = |own: &Clause| {
            let Clause {
                literals,
                sets,
                length,
            } = own;
            literals.is_empty() && *length < 2 && sets.iter().all(|own| *own == ByteSet::ALL)
        };
        if clauses.iter().any(is_open) {
            return None;
        }
        for own in &mut clauses {
            own.sets = own.sets.iter().map(in_both_cases).collect();
        }
        if let Some(known) = self.gates.get(&clauses).copied() {
            self.widen(known, reach);
            return Some(known);
        }
        let gate = self.next(reach)?;
        self.gates.insert(clauses, gate);
        Some(gate)
    }

    /// A gate is asked about there, too.
    pub(crate) fn widen(&mut self, gate: Gate, reach: Reach) {
        if let Some(own) = self.reach.get_mut(gate.index()) {
            *own = reach.min(*own);
        }
    }

    /// The gate that opens when a detector is so sure of a value, or surer.
    pub(crate) fn add_detected(&mut self, class: Class, confidence: Confidence) -> Option<Gate> {
        let mut known = self.detected.iter();
        if let Some((.., gate)) = known.find(|own| (own.0, own.1) == (class, confidence)) {
            return Some(*gate);
        }
        let gate = self.next(Reach::All)?;
        self.detected.push((class, confidence, gate));
        Some(gate)
    }

    /// A gate that nothing a string holds opens: whoever looks at values marks it.
    pub(crate) fn add_marked(&mut self) -> Option<Gate> {
        self.next(Reach::All)
    }

    fn next(&mut self, reach: Reach) -> Option<Gate> {
        let gate = u16::try_from(self.reach.len()).ok().map(Gate)?;
        self.reach.push(reach);
        Some(gate)
    }

    pub(crate) fn build(self) -> Gates {
        let Self {
            gates,
            detected,
            reach,
        } = self;
        let mut shortest = vec![0; reach.len()];
        let mut parts = Reach::ALL.map(|_| Vec::new());
        let mut gates: Vec<_> = gates.into_iter().collect();
        gates.sort_by_key(|(_, gate)| gate.0);
        for (clauses, gate) in gates {
            let least = clauses.iter().map(|own| own.length).min();
            if let Some(shortest) = shortest.get_mut(gate.index()) {
                *shortest = least.unwrap_or(0);
            }
            let own = reach.get(gate.index()).copied().unwrap_or_default();
            if let Some(part) = parts.get_mut(own as usize) {
                part.push((gate, clauses));
            }
        }
        // Rules that ask no detector need not wait for them to be made.
        let mut words = (!detected.is_empty()).then(Scanner::shared);
        let mut kept = vec![Vec::new(); reach.len()];
        for (gate, clauses) in parts.iter().flatten() {
            if let Some(kept) = kept.get_mut(gate.index()) {
                kept.clone_from(clauses);
            }
        }
        Gates {
            // The first is that of all strings, in which detectors' words are looked for.
            parts: parts
                .into_iter()
                .map(|own| Part::new(own, words.take()))
                .collect(),
            within: reach.iter().map(|own| own.part()).collect(),
            reach,
            shortest,
            detected,
            clauses: kept,
            known: HashMap::new(),
        }
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

impl Part {
    fn new(gates: Vec<(Gate, Vec<Clause>)>, detectors: Option<&Scanner>) -> Self {
        let mut literals = prefilter::Builder::default();
        let mut sets = Vec::new();
        let mut own = Self {
            wider: Parts::NONE,
            prefilter: Prefilter::default(),
            by_factor: Vec::new(),
            by_set: Vec::new(),
            leads: Vec::new(),
            sets: Vec::new(),
            by_length: Vec::new(),
        };
        for (gate, clauses) in gates {
            for clause in clauses {
                own.put(gate, clause, &mut literals, &mut sets);
            }
        }
        own.sets = sets;
        let lists = own.by_set.iter().enumerate();
        let leads = lists.filter(|(_, tests)| !tests.is_empty());
        own.leads = leads.map(|(at, _)| at).collect();
        if let Some(detectors) = detectors {
            literals.add_words(detectors.words());
        }
        own.prefilter = literals.build();
        own
    }

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

    /// Marks the gates open to a text. The detectors that its words wake.
    fn open(&self, text: &[u8], set: &ByteSet, work: &mut Vec<u64>, open: &mut [u64]) -> u32 {
        work.clear();
        work.resize(self.prefilter.words(), 0);
        let woken = self.prefilter.scan(text, set, work);
        self.open_by(text.len(), set, work, open);
        woken
    }

    /// Marks the gates open to a text of that length, whose bytes are `set` and which holds these.
    fn open_by(&self, len: usize, set: &ByteSet, factors: &[u64], open: &mut [u64]) {
        let mut try_all = |tests: &[Test]| {
            for test in tests {
                if !test.gate.is_in(open) && test.fits(len, set, &self.sets, factors) {
                    mark(open, test.gate.index());
                }
            }
        };
        for factor in ones(factors) {
            if let Some(tests) = self.by_factor.get(factor) {
                try_all(tests);
            }
        }
        for lead in &self.leads {
            let meets = self.sets.get(*lead).is_some_and(|own| own.intersects(set));
            if let Some(tests) = self.by_set.get(*lead).filter(|_| meets) {
                try_all(tests);
            }
        }
        try_all(&self.by_length);
    }
}

impl Gates {
    /// How many words [`Gates::open`] fills.
    pub(crate) fn words(&self) -> usize {
        self.len().div_ceil(64)
    }

    /// Marks in `open` the gates that a finding opens.
    pub(crate) fn open_detected(&self, class: Class, confidence: Confidence, open: &mut [u64]) {
        for (own, least, gate) in &self.detected {
            if *own == class && *least <= confidence {
                mark(open, gate.index());
            }
        }
    }

    /// Whether [`Gates::open`] tells what wakes detectors.
    pub(crate) fn knows_words(&self) -> bool {
        !self.detected.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.reach.len()
    }

    /// The length below which a gate is closed to every string.
    pub(super) fn shortest(&self, gate: Gate) -> usize {
        self.shortest.get(gate.index()).copied().unwrap_or(0)
    }

    /// The part that tells of a gate.
    #[inline]
    pub(crate) fn home(&self, gate: Gate) -> Parts {
        let reach = self.reach.get(gate.index());
        reach.copied().unwrap_or(Reach::All).part()
    }

    /// The parts that tell of a set of gates and of all others like them.
    pub(super) fn homes(&self, gates: &[u64]) -> Parts {
        each(gates).fold(Parts::NONE, |all, gate| all.with(self.home(gate)))
    }

    /// The parts that tell of a gate.
    #[inline]
    pub(crate) fn within(&self, gate: Gate) -> Parts {
        self.within.get(gate.index()).copied().unwrap_or_default()
    }

    /// The length from which on a text of nothing but these bytes may open one of these gates though it has none
    /// of the words added to `words`; `None` where any length will do.
    pub(super) fn within_bytes(
        &self,
        gates: &[u64],
        bytes: &ByteSet,
        words: &mut Vec<Literal>,
    ) -> Option<usize> {
        let mut below = usize::MAX;
        let clauses = |gate: Gate| self.clauses.get(gate.index()).into_iter().flatten();
        for clause in each(gates).flat_map(clauses) {
            if clause.sets.iter().any(|own| !own.intersects(bytes)) {
                continue;
            }
            let is_of = |own: &&Literal| own.iter().all(|byte| bytes.contains(*byte));
            let possible = clause.literals.iter().map(|own| own.iter().filter(is_of));
            match possible.min_by_key(|own| own.clone().count()) {
                Some(fewest) => words.extend(fewest.copied()),
                None if clause.length == 0 => return None,
                None => below = below.min(clause.length),
            }
        }
        Some(below)
    }

    /// Parts that tell of all gates of a set, and of few others: a part of its own where those they are in
    /// look for far more words.
    pub(super) fn narrow(&mut self, gates: &[u64]) -> Parts {
        /// How many times the words of a part others must look for.
        const MORE: usize = 3;
        if let Some(known) = self.known.get(gates) {
            return *known;
        }
        let wider = self.homes(gates);
        let all: Vec<(Gate, Vec<Clause>)> = each(gates)
            .filter_map(|gate| Some((gate, self.clauses.get(gate.index())?.clone())))
            .collect();
        let clauses = all.iter().flat_map(|(_, clauses)| clauses);
        let sets = clauses.flat_map(|clause| &clause.literals);
        let words: usize = sets.map(Vec::len).sum();
        let others = wider.without(Parts::NONE);
        let others = others.filter_map(|at| self.parts.get(at));
        let others: usize = others.map(|part| part.prefilter.literals()).sum();
        if words * MORE > others || self.parts.len() >= Parts::MOST {
            return wider;
        }
        let made = Parts(1 << self.parts.len());
        for (gate, _) in &all {
            if let Some(within) = self.within.get_mut(gate.index()) {
                *within = within.with(made);
            }
        }
        let part = Part::new(all, None);
        self.parts.push(Part { wider, ..part });
        self.known.insert(gates.to_vec(), made);
        made
    }

    /// No more parts are made.
    pub(super) fn seal(&mut self) {
        self.clauses = Vec::new();
        self.known = HashMap::new();
    }

    /// How many sets of literals there are.
    pub(super) fn factors(&self) -> usize {
        let parts = self.parts.iter();
        parts.map(|own| own.prefilter.factors()).sum()
    }

    /// Heap memory of what looks for literals, in bytes.
    pub(super) fn memory(&self) -> usize {
        let parts = self.parts.iter();
        parts.map(|own| own.prefilter.memory()).sum()
    }

    /// Whether all these parts tell of is told by that of all strings.
    pub(crate) fn are_of_all(&self, parts: Parts) -> bool {
        let all = Reach::All.part();
        let mut each = parts.without(all).filter_map(|at| self.parts.get(at));
        each.all(|part| part.wider == all)
    }

    /// Marks in `hits` what a text, or a part of it, holds of what [`Reach::All`] looks for; the detectors that
    /// its words wake.
    pub(crate) fn look(&self, text: &[u8], set: &ByteSet, hits: &mut Vec<u64>) -> u32 {
        self.parts.first().map_or(0, |all| {
            hits.resize(all.prefilter.words(), 0);
            all.prefilter.scan(text, set, hits)
        })
    }

    /// How many words [`Gates::look`] fills.
    pub(crate) fn look_words(&self) -> usize {
        self.parts.first().map_or(0, |all| all.prefilter.words())
    }

    /// How far the words reach that [`Gates::look`] looks for.
    pub(crate) fn longest(&self) -> usize {
        self.parts.first().map_or(0, |all| all.prefilter.longest())
    }

    /// Marks in `open` the gates of [`Reach::All`] that are open to a text of that length, whose bytes are
    /// `set` and which [`Gates::look`] has looked at.
    pub(crate) fn open_by(&self, len: usize, set: &ByteSet, hits: &[u64], open: &mut [u64]) {
        if let Some(all) = self.parts.first() {
            all.open_by(len, set, hits, open);
        }
    }

    /// Marks in `open`, which has [`Gates::words`] words, the gates that are open to `text`, whose bytes are
    /// `set`, of those that `parts` tell of and `known` do not; and tells, for [`Reach::All`], the detectors
    /// that its words wake, where rules ask detectors. `work` is working memory.
    pub(crate) fn open(
        &self,
        (parts, known): (Parts, Parts),
        (text, set): (&[u8], &ByteSet),
        work: &mut Vec<u64>,
        open: &mut [u64],
    ) -> u32 {
        let parts = parts.without(known).filter_map(|at| self.parts.get(at));
        let unknown = parts.filter(|part| part.wider == Parts::NONE || !known.has(part.wider));
        unknown.fold(0, |woken, part| woken | part.open(text, set, work, open))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clause(literals: &[&[&str]], sets: &[&[u8]], length: usize) -> Clause {
        Clause {
            literals: literals
                .iter()
                .map(|set| set.iter().map(|own| Literal::of(own.as_bytes())).collect())
                .collect(),
            sets: sets.iter().map(|set| ByteSet::from_bytes(set)).collect(),
            length,
        }
    }

    fn is_open(clauses: Vec<Clause>, text: &str) -> bool {
        let mut builder = Builder::default();
        let gate = builder.add(clauses, Reach::Head).unwrap();
        let gates = builder.build();
        let mut open = vec![0; gates.words()];
        let text = text.as_bytes();
        gates.open(
            (Reach::Head.part(), Parts::NONE),
            (text, &ByteSet::of(text)),
            &mut Vec::new(),
            &mut open,
        );
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
        assert!(is_open(vec![clause(&[], &[], 2)], "ab"));
        assert!(!is_open(vec![clause(&[], &[], 2)], "a"));
        for nothing in [Clause::default(), clause(&[], &[], 1)] {
            let mut builder = Builder::default();
            assert!(builder.add(vec![nothing], Reach::All).is_none());
        }
    }
}
