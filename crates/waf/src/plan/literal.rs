//! What a pattern's match must contain: the literals and bytes that decide whether its exact test
//! is worth running.
//!
//! Everything here may say less than is true (a missed optimisation) but never more (a missed
//! attack). Literals are held in ASCII lower case and looked for in any case.

use regex_syntax::hir::{Class, Hir, HirKind, Literal, Repetition};

use crate::byteset::ByteSet;

/// No more strings than this in one set while it grows.
const MAX_EXACT: usize = 128;
/// No more literals than this for one pattern.
const MAX_LITERALS: usize = 400;
/// Longer literals add nothing.
const MAX_LENGTH: usize = 24;

/// What every match must contain. An empty `literals` or a full `bytes` says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Needs {
    /// One of these strings, in any case.
    pub(crate) literals: Vec<Vec<u8>>,
    /// One of these bytes.
    pub(crate) bytes: ByteSet,
}

/// Works out what every match of `hir` must contain.
pub(crate) fn needs(hir: &Hir) -> Needs {
    let facts = facts(hir);
    let best = facts.best();
    let literals = match best {
        // Single bytes are better looked up in the set of bytes a string has.
        Some(set) if quality(&set) >= 2 && set.iter().all(|own| own.len() >= 2) => set,
        Some(_) | None => Vec::new(),
    };
    Needs {
        literals,
        bytes: facts.bytes,
    }
}

/// What is known of a part of a pattern.
struct Facts {
    /// All strings it can match, in lower case, if they are few.
    exact: Option<Vec<Vec<u8>>>,
    /// The best set found of which each match contains at least one.
    required: Option<Vec<Vec<u8>>>,
    /// Each match contains at least one of these bytes.
    bytes: ByteSet,
}

impl Facts {
    fn nothing() -> Self {
        Self {
            exact: None,
            required: None,
            bytes: ByteSet::ALL,
        }
    }

    fn empty() -> Self {
        Self {
            exact: Some(vec![Vec::new()]),
            required: None,
            bytes: ByteSet::ALL,
        }
    }

    /// The better of what is required and what is exact.
    fn best(&self) -> Option<Vec<Vec<u8>>> {
        better(self.required.clone(), self.exact.clone())
    }
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

fn better(a: Option<Vec<Vec<u8>>>, b: Option<Vec<Vec<u8>>>) -> Option<Vec<Vec<u8>>> {
    match (a, b) {
        (Some(a), Some(b)) => {
            let rank = |set: &[Vec<u8>]| (quality(set).min(6), usize::MAX - set.len());
            Some(if rank(&a) >= rank(&b) { a } else { b })
        }
        (a, b) => a.or(b),
    }
}

fn facts(hir: &Hir) -> Facts {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Facts::empty(),
        HirKind::Literal(Literal(bytes)) => literal(bytes),
        HirKind::Class(class) => of_class(class),
        HirKind::Repetition(repetition) => of_repetition(repetition),
        HirKind::Capture(capture) => facts(&capture.sub),
        HirKind::Concat(parts) => of_concat(parts),
        HirKind::Alternation(parts) => of_alternation(parts),
    }
}

fn literal(bytes: &[u8]) -> Facts {
    let lower = bytes.to_ascii_lowercase();
    let mut rarest = ByteSet::ALL;
    for byte in bytes {
        rarest = rarer(rarest, folded(*byte));
    }
    Facts {
        exact: Some(vec![lower]),
        required: None,
        bytes: rarest,
    }
}

/// The byte in both cases.
fn folded(byte: u8) -> ByteSet {
    ByteSet::EMPTY
        .with(byte.to_ascii_lowercase())
        .with(byte.to_ascii_uppercase())
}

/// The smaller set, counting only bytes that text usually has.
fn rarer(a: ByteSet, b: ByteSet) -> ByteSet {
    let cost = |set: &ByteSet| {
        set.iter()
            .map(|byte| match byte {
                b'a'..=b'z' | b'0'..=b'9' | b' ' => 8,
                b'A'..=b'Z' | b'/' | b'.' | b'-' | b'_' | b'=' | b',' => 4,
                b'!'..=b'~' => 2,
                _ => 1_u32,
            })
            .sum::<u32>()
    };
    if cost(&b) < cost(&a) { b } else { a }
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
    let exact = (exact.len() <= 16).then_some(exact);
    Facts {
        exact,
        required: None,
        bytes: set,
    }
}

fn of_repetition(repetition: &Repetition) -> Facts {
    if repetition.min == 0 {
        let optional = repetition.max == Some(1);
        let exact = facts(&repetition.sub)
            .exact
            .filter(|_| optional)
            .map(|mut set| {
                set.push(Vec::new());
                set
            });
        return Facts {
            exact,
            required: None,
            bytes: ByteSet::ALL,
        };
    }
    let inner = facts(&repetition.sub);
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
    Facts {
        required: inner.best(),
        exact,
        bytes: inner.bytes,
    }
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

fn of_concat(parts: &[Hir]) -> Facts {
    let mut run: Vec<Vec<u8>> = vec![Vec::new()];
    let mut whole = true;
    let mut required: Option<Vec<Vec<u8>>> = None;
    let mut bytes = ByteSet::ALL;
    for part in parts {
        let own = facts(part);
        bytes = rarer(bytes, own.bytes);
        let joined = own.exact.as_ref().and_then(|set| cross(&run, set));
        match joined {
            Some(joined) => run = joined,
            None => {
                whole = false;
                required = better(required, telling(std::mem::take(&mut run)));
                required = better(required, own.required.clone());
                run = match own.exact {
                    Some(set) => set,
                    None => vec![Vec::new()],
                };
            }
        }
        required = better(required, own.required.and_then(telling));
    }
    if whole {
        return Facts {
            exact: Some(run),
            required,
            bytes,
        };
    }
    required = better(required, telling(run));
    Facts {
        exact: None,
        required,
        bytes,
    }
}

/// The set, if every string of it says something.
fn telling(set: Vec<Vec<u8>>) -> Option<Vec<Vec<u8>>> {
    (!set.is_empty() && set.iter().all(|literal| !literal.is_empty())).then_some(set)
}

fn of_alternation(parts: &[Hir]) -> Facts {
    let mut exact: Option<Vec<Vec<u8>>> = Some(Vec::new());
    let mut required: Option<Vec<Vec<u8>>> = Some(Vec::new());
    let mut bytes = ByteSet::EMPTY;
    for part in parts {
        let own = facts(part);
        bytes = bytes.union(own.bytes);
        let best = own.best().and_then(telling);
        required = join(required, best, MAX_LITERALS);
        exact = join(exact, own.exact, MAX_EXACT);
    }
    Facts {
        exact,
        required,
        bytes,
    }
}

fn join(a: Option<Vec<Vec<u8>>>, b: Option<Vec<Vec<u8>>>, limit: usize) -> Option<Vec<Vec<u8>>> {
    let (mut a, b) = (a?, b?);
    a.extend(b);
    a.sort();
    a.dedup();
    (a.len() <= limit).then_some(a)
}

/// Drops literals that contain another one of the set: finding the shorter is enough.
pub(crate) fn minimise(literals: &mut Vec<Vec<u8>>) {
    literals.sort_by_key(Vec::len);
    literals.dedup();
    let mut kept: Vec<Vec<u8>> = Vec::new();
    for literal in literals.drain(..) {
        let covered = kept
            .iter()
            .any(|own| memchr::memmem::find(&literal, own).is_some());
        if !covered {
            kept.push(literal);
        }
    }
    *literals = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pattern: &str) -> Needs {
        let hir = regex_syntax::ParserBuilder::new()
            .unicode(false)
            .utf8(false)
            .build()
            .parse(pattern)
            .unwrap();
        needs(&hir)
    }

    fn literals(pattern: &str) -> Vec<String> {
        of(pattern)
            .literals
            .iter()
            .map(|l| String::from_utf8_lossy(l).into_owned())
            .collect()
    }

    #[test]
    fn the_longest_required_run_is_chosen() {
        assert_eq!(literals(r"a.*union.*x"), ["union"]);
        assert_eq!(literals(r"(?i)uNion\s+select"), ["select"]);
        assert_eq!(literals(r"(?:foo|bar)[0-9]+"), ["bar", "foo"]);
        assert_eq!(literals(r"on(?:load|error)="), ["onerror=", "onload="]);
    }

    #[test]
    fn optional_parts_require_nothing() {
        assert_eq!(literals(r"(?:abc)?[0-9]*"), Vec::<String>::new());
        assert_eq!(literals(r"abc|[0-9]+"), Vec::<String>::new());
        assert_eq!(literals(r"colou?r"), ["color", "colour"]);
    }

    #[test]
    fn required_bytes_are_told_when_no_literal_is() {
        let needs = of(r"[<>]\s*[a-z]");
        assert!(needs.literals.is_empty());
        assert!(needs.bytes.contains(b'<') && needs.bytes.contains(b'>'));
        assert!(!needs.bytes.contains(b'a'));
    }

    #[test]
    fn minimise_keeps_the_shortest() {
        let mut list = vec![b"union select".to_vec(), b"union".to_vec(), b"x".to_vec()];
        minimise(&mut list);
        assert_eq!(list, [b"x".to_vec(), b"union".to_vec()]);
    }
}
