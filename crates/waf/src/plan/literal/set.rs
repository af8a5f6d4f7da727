//! Sets of literals, and how much they tell.

use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use crate::byteset::ByteSet;

/// No more strings than this in one set while it grows.
const MAX_EXACT: usize = 128;
/// No more literals than this for one pattern.
pub(super) const MAX_LITERALS: usize = 400;
/// Longer literals add nothing.
const MAX_LENGTH: usize = 24;
/// Bytes there is room for: words that wake detectors are looked for whole.
const ROOM: usize = 32;

/// A short string: patterns have tens of thousands, and each would be a piece of the heap.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Literal {
    /// Zeros behind its end, so that two of them are in the order of their bytes.
    bytes: [u8; ROOM],
    len: u8,
}

impl Literal {
    pub(super) const EMPTY: Self = Self {
        bytes: [0; ROOM],
        len: 0,
    };

    /// A string in lower case, or what it begins with where it is longer than tells anything.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut own = Self::EMPTY;
        own.append(bytes.get(..ROOM).unwrap_or(bytes));
        own.bytes.make_ascii_lowercase();
        own
    }

    /// A string as it is.
    fn like(bytes: &[u8]) -> Self {
        let mut own = Self::EMPTY;
        own.append(bytes);
        own
    }

    /// The same where all of it has room.
    pub(super) fn whole(bytes: &[u8]) -> Option<Self> {
        (bytes.len() <= MAX_LENGTH).then(|| Self::of(bytes))
    }

    fn append(&mut self, bytes: &[u8]) {
        let from = usize::from(self.len);
        if let Some(room) = self.bytes.get_mut(from..from + bytes.len()) {
            room.copy_from_slice(bytes);
            self.len += bytes.len() as u8;
        }
    }

    /// This one and another behind it, if they are not too long together.
    fn before(mut self, other: &Self) -> Option<Self> {
        if self.len() + other.len() > MAX_LENGTH {
            return None;
        }
        self.append(other);
        Some(self)
    }

    /// At most so many bytes of it.
    pub(crate) fn cut(&self, len: usize) -> Self {
        let mut own = Self::EMPTY;
        own.append(self.get(..len).unwrap_or(self));
        own
    }
}

impl Hash for Literal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // What stands behind the end is zeros, and few literals have any.
        let (words, _) = self.bytes.as_chunks::<8>();
        for word in words {
            state.write_u64(u64::from_le_bytes(*word));
        }
    }
}

impl Deref for Literal {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl std::fmt::Debug for Literal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:?}", self.escape_ascii().to_string())
    }
}

/// A set of literals as those that are worth looking for, and the single bytes, which are rare.
pub(super) fn divided(set: &[Literal]) -> Option<(Vec<Literal>, ByteSet)> {
    let (single, long): (Vec<Literal>, Vec<_>) = set.iter().partition(|own| own.len() == 1);
    let single = single.iter().flat_map(|own| own.iter());
    let single = single.fold(ByteSet::EMPTY, |all, byte| all.with(*byte));
    let useful = !single.is_empty() && is_rare(&single) && quality(&long) >= 2;
    useful.then_some((long, single))
}

/// How telling a set is: the length of its shortest string; none at all for an empty string.
pub(super) fn quality(set: &[Literal]) -> usize {
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
pub(super) fn is_rare(set: &ByteSet) -> bool {
    set.iter().all(|byte| weight(&[byte]) == 2)
}

/// Long strings first, then few of them.
pub(super) fn rank(set: &[Literal]) -> (usize, usize) {
    (quality(set).min(6), usize::MAX - set.len())
}

pub(super) fn better(a: Option<Vec<Literal>>, b: Option<Vec<Literal>>) -> Option<Vec<Literal>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if rank(&a) >= rank(&b) { a } else { b }),
        (a, b) => a.or(b),
    }
}

/// Every string of `a` followed by every string of `b`, unless they are too many.
pub(super) fn cross(a: &[Literal], b: &[Literal]) -> Option<Vec<Literal>> {
    if a.len().checked_mul(b.len())? > MAX_EXACT {
        return None;
    }
    let mut all = Vec::with_capacity(a.len() * b.len());
    for head in a {
        for tail in b {
            all.push(head.before(tail)?);
        }
    }
    all.sort_unstable();
    all.dedup();
    Some(all)
}

/// The set, if every string of it says something.
pub(super) fn telling(set: Vec<Literal>) -> Option<Vec<Literal>> {
    (!set.is_empty() && set.iter().all(|literal| !literal.is_empty())).then_some(set)
}

pub(super) fn join(a: Option<Vec<Literal>>, b: Option<Vec<Literal>>) -> Option<Vec<Literal>> {
    let mut a = a?;
    a.extend(b?);
    Some(a)
}

/// The set without repetitions, if it may be all strings there are.
pub(super) fn exact(set: Option<Vec<Literal>>) -> Option<Vec<Literal>> {
    distinct(set, MAX_EXACT)
}

/// The set without repetitions, if it is not larger than `limit`.
pub(super) fn distinct(set: Option<Vec<Literal>>, limit: usize) -> Option<Vec<Literal>> {
    let mut set = set?;
    set.sort_unstable();
    set.dedup();
    (set.len() <= limit).then_some(set)
}

/// Drops literals that contain another one of the set: finding the shorter is enough.
pub(crate) fn minimise(literals: &mut Vec<Literal>) {
    literals.sort_unstable_by_key(|own| (own.len, *own));
    let mut kept: HashSet<Literal, foldhash::fast::FixedState> = HashSet::default();
    let mut lengths: Vec<usize> = Vec::new();
    literals.retain(|literal| {
        let has = |length: &usize| {
            let mut parts = literal.windows((*length).max(1));
            parts.any(|part| kept.contains(&Literal::like(part)))
        };
        if kept.contains(&Literal::EMPTY) || lengths.iter().any(has) {
            return false;
        }
        if lengths.last() != Some(&literal.len()) {
            lengths.push(literal.len());
        }
        kept.insert(*literal)
    });
}
