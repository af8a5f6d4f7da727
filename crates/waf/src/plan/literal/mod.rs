//! What a pattern's match must contain: the literals and bytes that decide whether its exact test
//! is worth running.
//!
//! A pattern is taken apart into its alternatives. Each gives a [`Clause`]: literals, bytes and a
//! length that all of its matches have. Everything here may say less than is true (a missed
//! optimisation) but never more (a missed attack). Literals are held in ASCII lower case and looked
//! for in any case, and sets of bytes hold both cases of a letter or none.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use regex_syntax::hir::{Class, Hir, HirKind, Literal, Repetition};

use crate::byteset::ByteSet;

/// No more strings than this in one set while it grows.
const MAX_EXACT: usize = 128;
/// No more literals than this for one pattern.
const MAX_LITERALS: usize = 400;
/// Longer literals add nothing.
const MAX_LENGTH: usize = 24;
/// No more alternatives than this are told apart in one pattern…
const MAX_BRANCHES: usize = 64;
/// …nor taken apart more often, one in another.
const MAX_DEPTH: usize = 5;
/// Sets of literals, and of bytes, that one alternative is held to.
const MAX_LITERAL_SETS: usize = 2;
const MAX_BYTE_SETS: usize = 4;
/// Sets of bytes gathered while it is not known which the literals imply.
const MAX_GATHERED: usize = 12;
/// A set of bytes more common than this tells nothing.
const MAX_COST: u32 = 100;

/// What every match of one alternative has: all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Clause {
    /// Of each of these sets one string, in any case. No set and no string in one is empty.
    pub(crate) literals: Vec<Vec<Vec<u8>>>,
    /// Of each of these sets one byte.
    pub(crate) sets: Vec<ByteSet>,
    /// At least so many bytes.
    pub(crate) length: usize,
}

/// What the matches of `hir` have: those of at least one of these.
pub(crate) fn clauses(hir: &Hir) -> Vec<Clause> {
    let mut known = Known::default();
    let mut branches = Vec::new();
    known.branch(&[Part::Node(hir)], MAX_BRANCHES, MAX_DEPTH, &mut branches);
    let mut all: Vec<Clause> = Vec::new();
    for own in branches {
        add(&mut all, own);
    }
    all
}

/// A stretch of a pattern while it is taken apart.
#[derive(Clone, Copy, Debug)]
enum Part<'a> {
    Node(&'a Hir),
    /// Any text, or none.
    Anything,
}

impl Part<'_> {
    fn minimum(self) -> usize {
        match self {
            Self::Node(hir) => hir.properties().minimum_len().unwrap_or(0),
            Self::Anything => 0,
        }
    }
}

/// Adds an alternative, to another one if they differ in their literals at most.
fn add(all: &mut Vec<Clause>, own: Clause) {
    let alike = |known: &&mut Clause| {
        known.sets == own.sets
            && (known.literals == own.literals
                || (known.literals.len() == 1 && own.literals.len() == 1))
    };
    let Some(known) = all.iter_mut().find(alike) else {
        return all.push(own);
    };
    known.length = known.length.min(own.length);
    if known.literals != own.literals {
        for (mine, more) in known.literals.iter_mut().zip(own.literals) {
            mine.extend(more);
            mine.sort();
            mine.dedup();
        }
    }
}

/// The alternatives of a stretch: those of the part of it that has the most, each with what stands
/// around it. `None` where there is one, or more than `limit`.
fn alternatives<'a>(parts: &[Part<'a>], limit: usize) -> Option<Vec<Vec<Part<'a>>>> {
    let of_parts = parts.iter().map(|part| match part {
        Part::Node(hir) => split(hir, limit),
        Part::Anything => None,
    });
    let (at, inner) = of_parts
        .enumerate()
        .filter_map(|(at, inner)| Some((at, inner?)))
        .max_by_key(|(_, inner)| inner.len())?;
    let (before, behind) = parts.split_at(at);
    let behind = behind.get(1..).unwrap_or_default();
    let around = |own: Vec<Part<'a>>| [before, own.as_slice(), behind].concat();
    Some(inner.into_iter().map(around).collect())
}

fn split(hir: &Hir, limit: usize) -> Option<Vec<Vec<Part<'_>>>> {
    match hir.kind() {
        HirKind::Capture(capture) => split(&capture.sub, limit),
        HirKind::Alternation(parts) => {
            (parts.len() <= limit).then(|| parts.iter().map(flat).collect())
        }
        HirKind::Concat(_) => alternatives(&flat(hir), limit),
        // The first round is one of its alternatives, and the others are any or none.
        HirKind::Repetition(own) if own.min >= 1 => {
            let mut parts = split(&own.sub, limit)?;
            for part in &mut parts {
                part.push(Part::Anything);
            }
            Some(parts)
        }
        HirKind::Repetition(_)
        | HirKind::Empty
        | HirKind::Look(_)
        | HirKind::Literal(_)
        | HirKind::Class(_) => None,
    }
}

/// The parts that stand one after the other.
fn flat(hir: &Hir) -> Vec<Part<'_>> {
    match hir.kind() {
        HirKind::Concat(parts) => parts.iter().map(Part::Node).collect(),
        HirKind::Empty
        | HirKind::Look(_)
        | HirKind::Literal(_)
        | HirKind::Class(_)
        | HirKind::Repetition(_)
        | HirKind::Capture(_)
        | HirKind::Alternation(_) => vec![Part::Node(hir)],
    }
}

/// What is known of a part of a pattern.
#[derive(Clone)]
struct Facts {
    /// All strings it can match, in lower case, if they are few.
    exact: Option<Vec<Vec<u8>>>,
    /// Sets found of which each match contains at least one, the best first.
    required: Vec<Vec<Vec<u8>>>,
    /// Each match contains at least one byte of each of these, the rarest first.
    bytes: Vec<ByteSet>,
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
            exact: Some(vec![Vec::new()]),
            ..Self::nothing()
        }
    }

    /// The best of what is required and what is exact.
    fn best(&self) -> Option<Vec<Vec<u8>>> {
        better(self.required.first().cloned(), self.exact.clone())
    }

    /// The rarest of its sets of bytes.
    fn rarest(&self) -> ByteSet {
        self.bytes.first().copied().unwrap_or(ByteSet::ALL)
    }

    fn require(&mut self, set: Option<Vec<Vec<u8>>>) {
        let Some(set) = set else { return };
        if !self.required.contains(&set) {
            self.required.push(set);
            self.required
                .sort_by_key(|set| std::cmp::Reverse(rank(set)));
            self.required.truncate(MAX_LITERAL_SETS);
        }
    }

    fn require_bytes(&mut self, set: ByteSet) {
        if cost(&set) <= MAX_COST && !self.bytes.contains(&set) {
            self.bytes.push(set);
            self.bytes.sort_by_key(cost);
            self.bytes.truncate(MAX_GATHERED);
        }
    }

    /// What is worth looking for of all that is known. Single bytes are better looked up in the set
    /// of bytes a string has: where a set of literals has some, they make a clause of their own.
    fn clauses(mut self, length: usize, out: &mut Vec<Clause>) {
        let exact = self.exact.take().and_then(telling);
        self.require(exact);
        let is_telling =
            |set: &Vec<Vec<u8>>| quality(set) >= 2 && set.iter().all(|literal| literal.len() >= 2);
        let mixed = self.required.iter().find_map(|set| divided(set));
        let literals: Vec<_> = self.required.into_iter().filter(is_telling).collect();
        let rest = Clause {
            literals,
            sets: self.bytes,
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

impl Clause {
    /// Without sets of bytes that the literals imply, and without more of them than are looked at.
    fn trimmed(mut self) -> Self {
        let Self { literals, sets, .. } = &mut self;
        let is_implied = |set: &ByteSet| {
            let has = |literal: &Vec<u8>| literal.iter().any(|byte| set.contains(*byte));
            literals.iter().any(|strings| strings.iter().all(has))
        };
        sets.retain(|set| !is_implied(set));
        sets.truncate(MAX_BYTE_SETS);
        self
    }
}

/// A set of literals as those that are worth looking for, and the single bytes, which are rare.
fn divided(set: &[Vec<u8>]) -> Option<(Vec<Vec<u8>>, ByteSet)> {
    let (single, long): (Vec<_>, Vec<_>) = set.iter().cloned().partition(|own| own.len() == 1);
    let single = ByteSet::from_bytes(&single.concat());
    let useful = !single.is_empty() && is_rare(&single) && quality(&long) >= 2;
    useful.then_some((long, single))
}

/// How telling a set is: the length of its shortest string; none at all for an empty string.
fn quality(set: &[Vec<u8>]) -> usize {
    if set.len() > MAX_LITERALS {
        return 0;
    }
    set.iter().map(|literal| weight(literal)).min().unwrap_or(0)
}

/// Rare bytes count double: `<?` tells more than `in`.
fn weight(literal: &[u8]) -> usize {
    let rare = |byte: &&u8| !byte.is_ascii_alphanumeric() && !b" /.=&-_".contains(byte);
    literal.len() + literal.iter().filter(rare).count()
}

/// Whether none of the bytes is common in ordinary text.
fn is_rare(set: &ByteSet) -> bool {
    set.iter().all(|byte| weight(&[byte]) == 2)
}

/// Long strings first, then few of them.
fn rank(set: &[Vec<u8>]) -> (usize, usize) {
    (quality(set).min(6), usize::MAX - set.len())
}

fn better(a: Option<Vec<Vec<u8>>>, b: Option<Vec<Vec<u8>>>) -> Option<Vec<Vec<u8>>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if rank(&a) >= rank(&b) { a } else { b }),
        (a, b) => a.or(b),
    }
}

/// Strings that stand next to each other unless there is something between them: patterns against
/// shells allow for quotes and backslashes between any two letters of a word. A match has one of the
/// whole strings, or one of the bytes of what is between.
struct Glued {
    run: Vec<Vec<u8>>,
    glue: ByteSet,
}

impl Default for Glued {
    fn default() -> Self {
        Self {
            run: vec![Vec::new()],
            glue: ByteSet::EMPTY,
        }
    }
}

impl Glued {
    /// Takes the next part; returns what is required by those that end before it.
    fn add(&mut self, glue: Option<ByteSet>, exact: Option<&[Vec<u8>]>) -> Option<Vec<Vec<u8>>> {
        if let Some(glue) = glue {
            self.glue = self.glue.union(glue);
            return None;
        }
        if let Some(joined) = exact.and_then(|set| cross(&self.run, set)) {
            self.run = joined;
            return None;
        }
        let required = self.flush();
        self.run = exact.map_or_else(|| vec![Vec::new()], <[_]>::to_vec);
        required
    }

    /// What is required by the strings so far; nothing new unless something may be between them.
    fn flush(&mut self) -> Option<Vec<Vec<u8>>> {
        let Self { mut run, glue } = std::mem::take(self);
        let required = telling(run.clone()).filter(|_| !glue.is_empty());
        required.map(|_| {
            run.extend(glue.iter().map(|byte| vec![byte.to_ascii_lowercase()]));
            run.sort();
            run.dedup();
            run
        })
    }
}

/// The facts of the parts of one pattern, each worked out once. A part is known by where it lies.
#[derive(Default)]
struct Known(HashMap<*const Hir, Rc<Facts>>);

impl Known {
    /// Takes a stretch apart where that tells more, into `limit` alternatives at most.
    fn branch(&mut self, own: &[Part<'_>], limit: usize, depth: usize, out: &mut Vec<Clause>) {
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
            HirKind::Literal(Literal(bytes)) => literal(bytes),
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
                    set.push(Vec::new());
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
                let mut all = vec![Vec::new()];
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
        let mut run: Vec<Vec<u8>> = vec![Vec::new()];
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
                    run = own.exact.clone().unwrap_or_else(|| vec![Vec::new()]);
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
            exact: distinct(exact, MAX_EXACT),
            ..Facts::nothing()
        };
        all.require(distinct(required, MAX_LITERALS).and_then(telling));
        all.require_bytes(bytes);
        all
    }
}

fn literal(bytes: &[u8]) -> Facts {
    let mut facts = Facts {
        exact: Some(vec![bytes.to_ascii_lowercase()]),
        ..Facts::nothing()
    };
    for byte in bytes {
        facts.require_bytes(folded(*byte));
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
    let mut exact: Vec<Vec<u8>> = set.iter().map(|b| vec![b.to_ascii_lowercase()]).collect();
    exact.sort();
    exact.dedup();
    let mut facts = Facts {
        exact: (exact.len() <= 16).then_some(exact),
        ..Facts::nothing()
    };
    facts.require_bytes(set);
    facts
}

/// Every string of `a` followed by every string of `b`, unless they are too many.
fn cross(a: &[Vec<u8>], b: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    if a.len().checked_mul(b.len())? > MAX_EXACT {
        return None;
    }
    let mut all = Vec::with_capacity(a.len() * b.len());
    for head in a {
        for tail in b {
            if head.len() + tail.len() > MAX_LENGTH {
                return None;
            }
            all.push([head.as_slice(), tail.as_slice()].concat());
        }
    }
    all.sort();
    all.dedup();
    Some(all)
}

/// The set, if every string of it says something.
fn telling(set: Vec<Vec<u8>>) -> Option<Vec<Vec<u8>>> {
    (!set.is_empty() && set.iter().all(|literal| !literal.is_empty())).then_some(set)
}

fn join(a: Option<Vec<Vec<u8>>>, b: Option<Vec<Vec<u8>>>) -> Option<Vec<Vec<u8>>> {
    let mut a = a?;
    a.extend(b?);
    Some(a)
}

/// The set without repetitions, if it is not larger than `limit`.
fn distinct(set: Option<Vec<Vec<u8>>>, limit: usize) -> Option<Vec<Vec<u8>>> {
    let mut set = set?;
    set.sort_unstable();
    set.dedup();
    (set.len() <= limit).then_some(set)
}

/// Drops literals that contain another one of the set: finding the shorter is enough.
pub(crate) fn minimise(literals: &mut Vec<Vec<u8>>) {
    literals.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    let mut kept: HashSet<Vec<u8>, foldhash::fast::FixedState> = HashSet::default();
    let mut lengths: Vec<usize> = Vec::new();
    literals.retain(|literal| {
        let has = |length: &usize| {
            literal
                .windows((*length).max(1))
                .any(|part| kept.contains(part))
        };
        if kept.contains(&[][..]) || lengths.iter().any(has) {
            return false;
        }
        if lengths.last() != Some(&literal.len()) {
            lengths.push(literal.len());
        }
        kept.insert(literal.clone())
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::regex::{Options, Pattern};

    fn of(pattern: &str) -> Vec<Clause> {
        let hir = regex_syntax::ParserBuilder::new()
            .unicode(false)
            .utf8(false)
            .build()
            .parse(pattern)
            .unwrap();
        clauses(&hir)
    }

    /// The literals of each alternative, its bytes, its length.
    fn told(pattern: &str) -> Vec<String> {
        let set = |set: &Vec<Vec<u8>>| {
            let all: Vec<_> = set.iter().map(|l| String::from_utf8_lossy(l)).collect();
            all.join("|")
        };
        let clause = |own: &Clause| {
            let literals: Vec<_> = own.literals.iter().map(set).collect();
            let sets: String = own.sets.iter().map(|set| format!("{set:?}")).collect();
            format!("{}{sets}{}", literals.join("&"), own.length)
        };
        of(pattern).iter().map(clause).collect()
    }

    #[test]
    fn the_longest_required_runs_are_chosen() {
        assert_eq!(told(r"ab.*union.*x"), ["union&ab{Xx}8"]);
        assert_eq!(
            told(r"(?i)uNion\s+select"),
            [r"select&union{\t\n\x0b\x0c\r }12"]
        );
        assert_eq!(told(r"on(?:load|error)="), ["onerror=|onload=&error|load7"]);
    }

    #[test]
    fn optional_parts_require_nothing() {
        assert_eq!(told(r"(?:abc)?[0-9]*"), ["0"]);
        assert_eq!(told(r"colou?r"), ["color|colour5"]);
        assert_eq!(told(r"(?:abc|[0-9]+)*"), ["0"]);
    }

    #[test]
    fn alternatives_are_told_apart() {
        assert_eq!(told(r"abcd|[0-9]+"), ["abcd4", "{0123456789}1"]);
        assert_eq!(
            told(r"%\s*(?:or\b|[0-9]{2})\s*!"),
            ["or{%}{!}4", "{%}{!}{0123456789}4"]
        );
    }

    #[test]
    fn what_is_repeated_does_not_run_on() {
        assert_eq!(told(r"x(?:;;|%#)+y"), ["%#|;;{Xx}{Yy}4"]);
    }

    /// The claim itself: whatever a pattern matches fits one of its clauses.
    #[test]
    fn every_match_fits_a_clause() {
        let parts = [
            "ab",
            "a",
            "b+",
            "(?:a|bc)",
            "(?:ab|c)+",
            "c?",
            "[bc]",
            "(?:a|b|cc){2}",
            ".",
            "(?:b|c)*",
            "(?i:Ab)",
            r"\b",
            "(?:|a)",
            "(?:ac|[ab]{2,3}|c)",
            "(?:b(?:a|c)|(?:a|bb)c)+",
        ];
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 20) as usize % below
        };
        for _ in 0..800 {
            let mut pattern = String::new();
            for at in 0..1 + next(5) {
                if at > 0 && next(5) == 0 {
                    pattern.push('|');
                }
                pattern.push_str(parts[next(parts.len())]);
            }
            let clauses = of(&pattern);
            let regex = Pattern::compile(&pattern, &Options::default()).unwrap();
            for _ in 0..40 {
                let text: String = (0..next(9))
                    .map(|_| ["a", "b", "c", "A", "-"][next(5)])
                    .collect();
                let lower = text.to_ascii_lowercase();
                let set = ByteSet::of(text.as_bytes());
                let fits = |own: &Clause| {
                    let has = |literal: &Vec<u8>| {
                        memchr::memmem::find(lower.as_bytes(), literal).is_some()
                    };
                    text.len() >= own.length
                        && own.sets.iter().all(|own| own.intersects(&set))
                        && own.literals.iter().all(|strings| strings.iter().any(has))
                };
                assert!(
                    !regex.is_match_alone(text.as_bytes()) || clauses.iter().any(fits),
                    "{pattern} {text} {clauses:?}"
                );
            }
        }
    }

    #[test]
    fn letters_with_something_between_them_are_still_a_word() {
        assert_eq!(
            told(r#"b["']*u["']*s["']*y"#),
            ["busy4", r#"{\"\'}{Bb}{Uu}{Ss}4"#]
        );
        let between = r#"["'\)\[\x5c]*(?:(?:(?:\|\||&&)[\s\x0b]*)?\$[!#\(\*\-0-9\?@_a-\{]*)?\x5c?"#;
        let word = |own: &str| {
            let letters: Vec<_> = own.chars().map(String::from).collect();
            letters.join(between)
        };
        let (one, other) = (word("busybox"), word("nohup"));
        assert_eq!(
            told(&format!(r"(?i)(?:{one}|{other})[\s\x0b]+")),
            [
                r"busybox|nohup{\t\n\x0b\x0c\r }6",
                r#"{\"$\')[\\}{Bb}{Uu}{Ss}8"#,
                r#"{\"$\')[\\}{Nn}{Oo}{Hh}6"#,
            ]
        );
    }

    #[test]
    fn minimise_keeps_the_shortest() {
        let mut list = vec![b"union select".to_vec(), b"union".to_vec(), b"x".to_vec()];
        minimise(&mut list);
        assert_eq!(list, [b"x".to_vec(), b"union".to_vec()]);
    }

    /// Every request would pay for a virtual patch that waits for nothing: each has to begin with a
    /// pattern whose every alternative has a literal or two rare bytes, or look at fields of one name.
    #[test]
    fn virtual_patches_wait_for_a_literal_or_a_name() {
        use crate::hir::{Input, Operator, Selector, Step, lower};

        let inputs: Vec<Input> = crate::builtin::inputs()
            .into_iter()
            .filter(|input| matches!(input, Input::Text(name, _) if name.contains("/6")))
            .collect();
        let files = crate::builtin::Overlay(&crate::source::Disk);
        let (set, _) = lower(&inputs, &files, 1).unwrap();
        let mut judged = 0;
        let mut costly = Vec::new();
        for step in &set.steps {
            let Step::Rule(rule) = step else { continue };
            let link = &rule.links[0];
            let targets = link.targets.iter().flat_map(|own| &own.included);
            let named = |own: &crate::hir::Target| own.selector != Selector::All;
            let Operator::Rx(pattern) = &link.operator else {
                continue;
            };
            judged += 1;
            let clauses = clauses(&pattern.pattern.hir().unwrap());
            let telling = |own: &Clause| !own.literals.is_empty() || own.sets.len() > 1;
            if !clauses.iter().all(telling) && !targets.clone().all(named) {
                costly.push(rule.id);
            }
        }
        assert!(judged > 300, "{judged}");
        assert!(costly.is_empty(), "{costly:#?}");
    }
}
