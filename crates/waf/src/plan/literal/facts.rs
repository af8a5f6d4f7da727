//! What is known of the parts of a pattern: strings and bytes that all of their matches have.

use std::collections::HashMap;
use std::rc::Rc;

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

use super::set::{
    self, Literal, MAX_LITERALS, better, cross, distinct, divided, is_rare, join, quality, rank,
    telling,
};
use super::{Clause, Part, alternatives, flat};
use crate::byteset::ByteSet;

/// Sets of literals that one alternative is held to.
const MAX_LITERAL_SETS: usize = 2;
/// Sets of bytes gathered while it is not known which the literals imply.
const MAX_GATHERED: usize = 12;
/// A set of bytes more common than this tells nothing.
const MAX_COST: u32 = 100;
/// A class of more bytes is no set of strings.
const FEW: usize = 16;

/// What is known of a part of a pattern.
#[derive(Clone)]
struct Facts {
    /// All strings it can match, in lower case, if they are few.
    exact: Option<Vec<Literal>>,
    /// Sets found of which each match contains at least one, the best first.
    required: Vec<Vec<Literal>>,
    /// Each match contains at least one byte of each of these, the rarest first.
    bytes: Vec<Bytes>,
}

/// A set of bytes, and how common they are.
#[derive(Clone, Copy)]
struct Bytes {
    set: ByteSet,
    cost: u32,
}

impl Bytes {
    fn new(set: ByteSet) -> Self {
        Self {
            set,
            cost: cost(&set),
        }
    }
}

impl Facts {
    fn nothing() -> Self {
        Self {
            exact: None,
            required: Vec::new(),
            bytes: Vec::new(),
        }
    }

    fn empty() -> Self {
        Self {
            exact: Some(vec![Literal::EMPTY]),
            ..Self::nothing()
        }
    }

    /// The best of what is required and what is exact.
    fn best(&self) -> Option<Vec<Literal>> {
        better(self.required.first().cloned(), self.exact.clone())
    }

    /// The rarest of its sets of bytes.
    fn rarest(&self) -> ByteSet {
        self.bytes.first().map_or(ByteSet::ALL, |own| own.set)
    }

    fn require(&mut self, set: Option<Vec<Literal>>) {
        let Some(set) = set else { return };
        if !self.required.contains(&set) {
            self.required.push(set);
            self.required
                .sort_by_key(|set| std::cmp::Reverse(rank(set)));
            self.required.truncate(MAX_LITERAL_SETS);
        }
    }

    fn require_bytes(&mut self, own: Bytes) {
        if own.cost <= MAX_COST && !self.bytes.iter().any(|known| known.set == own.set) {
            let at = self.bytes.partition_point(|known| known.cost <= own.cost);
            self.bytes.insert(at, own);
            self.bytes.truncate(MAX_GATHERED);
        }
    }

    /// What is worth looking for of all that is known. Single bytes are better looked up in the set
    /// of bytes a string has: where a set of literals has some, they make a clause of their own.
    fn clauses(mut self, length: usize, out: &mut Vec<Clause>) {
        let exact = self.exact.take().and_then(telling);
        self.require(exact);
        let is_telling =
            |set: &Vec<Literal>| quality(set) >= 2 && set.iter().all(|literal| literal.len() >= 2);
        let mixed = self.required.iter().find_map(|set| divided(set));
        let literals: Vec<_> = self.required.into_iter().filter(is_telling).collect();
        let rest = Clause {
            literals,
            sets: self.bytes.iter().map(|own| own.set).collect(),
            length,
        };
        match mixed.filter(|_| rest.literals.is_empty()) {
            Some((long, single)) => {
                let mut sets = rest.sets.clone();
                sets.insert(0, single);
                out.push(
                    Clause {
                        literals: vec![long],
                        ..rest
                    }
                    .trimmed(),
                );
                out.push(
                    Clause {
                        literals: Vec::new(),
                        sets,
                        length,
                    }
                    .trimmed(),
                );
            }
            None => out.push(rest.trimmed()),
        }
    }
}

/// Strings that stand next to each other unless there is something between them: patterns against
/// shells allow for quotes and backslashes between any two letters of a word. A match has one of the
/// whole strings, or one of the bytes of what is between.
struct Glued {
    run: Vec<Literal>,
    glue: ByteSet,
}

impl Default for Glued {
    fn default() -> Self {
        Self {
            run: vec![Literal::EMPTY],
            glue: ByteSet::EMPTY,
        }
    }
}

impl Glued {
    /// Takes the next part; returns what is required by those that end before it.
    fn add(&mut self, glue: Option<ByteSet>, exact: Option<&[Literal]>) -> Option<Vec<Literal>> {
        if let Some(glue) = glue {
            self.glue = self.glue.union(glue);
            return None;
        }
        if let Some(joined) = exact.and_then(|set| cross(&self.run, set)) {
            self.run = joined;
            return None;
        }
        let required = self.flush();
        self.run = exact.map_or_else(|| vec![Literal::EMPTY], <[_]>::to_vec);
        required
    }

    /// What is required by the strings so far; nothing new unless something may be between them.
    fn flush(&mut self) -> Option<Vec<Literal>> {
        let Self { mut run, glue } = std::mem::take(self);
        let required = telling(run.clone()).filter(|_| !glue.is_empty());
        required.map(|_| {
            run.extend(glue.iter().map(|byte| Literal::of(&[byte])));
            run.sort();
            run.dedup();
            run
        })
    }
}

/// The facts of the parts of one pattern, each worked out once. A part is known by where it lies.
#[derive(Default)]
pub(super) struct Known(HashMap<*const Hir, Rc<Facts>, foldhash::fast::FixedState>);

impl Known {
    /// Takes a stretch apart where that tells more, into `limit` alternatives at most.
    pub(super) fn branch(
        &mut self,
        own: &[Part<'_>],
        limit: usize,
        depth: usize,
        out: &mut Vec<Clause>,
    ) {
        let facts = self.of_parts(own);
        let is_telling = facts
            .best()
            .is_some_and(|set| set.len() <= 8 && quality(&set) >= 4);
        let parts = (!is_telling && depth > 0).then(|| alternatives(own, limit));
        match parts.flatten() {
            Some(parts) => {
                let limit = limit / parts.len().max(1);
                for part in parts {
                    self.branch(&part, limit, depth - 1, out);
                }
            }
            None => facts.clauses(own.iter().map(|part| part.minimum()).sum(), out),
        }
    }

    fn of(&mut self, hir: &Hir) -> Rc<Facts> {
        if let Some(known) = self.0.get(&std::ptr::from_ref(hir)) {
            return Rc::clone(known);
        }
        let facts = Rc::new(match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Facts::empty(),
            HirKind::Literal(own) => literal(&own.0),
            HirKind::Class(class) => of_class(class),
            HirKind::Repetition(repetition) => self.of_repetition(repetition),
            HirKind::Capture(capture) => (*self.of(&capture.sub)).clone(),
            HirKind::Concat(_) => self.of_parts(&flat(hir)),
            HirKind::Alternation(parts) => self.of_alternation(parts),
        });
        self.0.insert(hir, Rc::clone(&facts));
        facts
    }

    fn of_repetition(&mut self, repetition: &Repetition) -> Facts {
        if repetition.min == 0 {
            let optional = repetition.max == Some(1);
            let exact = self
                .of(&repetition.sub)
                .exact
                .clone()
                .filter(|_| optional)
                .map(|mut set| {
                    set.push(Literal::EMPTY);
                    set
                });
            return Facts {
                exact,
                ..Facts::nothing()
            };
        }
        let mut inner = (*self.of(&repetition.sub)).clone();
        if repetition.min == 1 && repetition.max == Some(1) {
            return inner;
        }
        let exact = match (&inner.exact, repetition.max) {
            (Some(set), Some(max)) if max == repetition.min && max <= 8 => {
                let mut all = vec![Literal::EMPTY];
                for _ in 0..max {
                    all = cross(&all, set).unwrap_or_default();
                }
                (!all.is_empty()).then_some(all)
            }
            _ => None,
        };
        let own = inner.exact.take().and_then(telling);
        inner.require(own);
        inner.exact = exact;
        inner
    }

    /// Of parts that stand one after the other.
    fn of_parts(&mut self, parts: &[Part<'_>]) -> Facts {
        let mut run: Vec<Literal> = vec![Literal::EMPTY];
        let mut glued = Glued::default();
        let mut whole = true;
        let mut all = Facts::nothing();
        for part in parts {
            let own = match part {
                Part::Node(hir) => self.of(hir),
                Part::Anything => Rc::new(Facts::nothing()),
            };
            let glue = match part {
                Part::Node(hir) => self.glue(hir),
                Part::Anything => None,
            };
            all.require(glued.add(glue, own.exact.as_deref()));
            let joined = own.exact.as_ref().and_then(|set| cross(&run, set));
            match joined {
                Some(joined) => run = joined,
                None => {
                    whole = false;
                    all.require(telling(std::mem::take(&mut run)));
                    run = own.exact.clone().unwrap_or_else(|| vec![Literal::EMPTY]);
                }
            }
            for set in &own.required {
                all.require(telling(set.clone()));
            }
            for set in &own.bytes {
                all.require_bytes(*set);
            }
        }
        if whole {
            all.exact = Some(run);
        } else {
            all.require(telling(run));
            all.require(glued.flush());
        }
        all
    }

    /// Something that may stand between two bytes, or not: if it does, it has one of these bytes,
    /// which are rare.
    fn glue(&mut self, hir: &Hir) -> Option<ByteSet> {
        match hir.kind() {
            HirKind::Capture(capture) => self.glue(&capture.sub),
            HirKind::Repetition(own) if own.min == 0 => {
                let can_be_empty = own.sub.properties().minimum_len() == Some(0);
                let bytes = self.of(&own.sub).rarest();
                (!can_be_empty && cost(&bytes) <= MAX_COST && is_rare(&bytes)).then_some(bytes)
            }
            HirKind::Repetition(_)
            | HirKind::Empty
            | HirKind::Look(_)
            | HirKind::Literal(_)
            | HirKind::Class(_)
            | HirKind::Concat(_)
            | HirKind::Alternation(_) => None,
        }
    }

    fn of_alternation(&mut self, parts: &[Hir]) -> Facts {
        let mut exact = Some(Vec::new());
        let mut required = Some(Vec::new());
        let mut bytes = ByteSet::EMPTY;
        for part in parts {
            let own = self.of(part);
            bytes = bytes.union(own.rarest());
            required = join(required, own.best().and_then(telling));
            exact = join(exact, own.exact.clone());
        }
        let mut all = Facts {
            exact: set::exact(exact),
            ..Facts::nothing()
        };
        all.require(distinct(required, MAX_LITERALS).and_then(telling));
        all.require_bytes(Bytes::new(bytes));
        all
    }
}

fn literal(bytes: &[u8]) -> Facts {
    let mut facts = Facts {
        exact: Literal::whole(bytes).map(|own| vec![own]),
        ..Facts::nothing()
    };
    if facts.exact.is_none() {
        facts.require(Some(vec![Literal::of(bytes)]));
    }
    for byte in bytes {
        facts.require_bytes(Bytes::new(folded(*byte)));
    }
    facts
}

/// The byte in both cases.
fn folded(byte: u8) -> ByteSet {
    ByteSet::EMPTY
        .with(byte.to_ascii_lowercase())
        .with(byte.to_ascii_uppercase())
}

/// How common the bytes of a set are in ordinary text. Those of other scripts come together, and most
/// control characters never do.
fn cost(set: &ByteSet) -> u32 {
    const SCRIPTS: u32 = 40;
    const CONTROLS: u32 = 8;
    let (mut printable, mut scripts, mut controls) = (0, 0, 0);
    for byte in set.iter() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b' ' => printable += 8,
            b'A'..=b'Z' | b'/' | b'.' | b'-' | b'_' | b'=' | b',' => printable += 4,
            b'!'..=b'~' => printable += 2,
            0x80.. => scripts += 1,
            _ => controls += 1,
        }
    }
    printable + scripts.min(SCRIPTS) + controls.min(CONTROLS)
}

fn of_class(class: &Class) -> Facts {
    let Class::Bytes(class) = class else {
        return Facts::nothing();
    };
    let mut set = ByteSet::EMPTY;
    for range in class.ranges() {
        for byte in range.start()..=range.end() {
            set = set.union(folded(byte));
        }
    }
    let lower = set.iter().filter(|byte| !byte.is_ascii_uppercase());
    let exact: Vec<Literal> = lower
        .take(FEW + 1)
        .map(|byte| Literal::of(&[byte]))
        .collect();
    let mut facts = Facts {
        exact: (exact.len() <= FEW).then_some(exact),
        ..Facts::nothing()
    };
    facts.require_bytes(Bytes::new(set));
    facts
}
