//! Plain values: letters, digits and the signs that mean nothing to anybody, as most identifiers, tokens, numbers
//! and words are. Few of all words looked for have no other bytes; a value that has none of these is told by one
//! short search.

use babyshield_detect::Scanner;
use babyshield_detect::finder::Finder;

use super::gate::in_both_cases;
use super::{Field, Gates};
use crate::byteset::ByteSet;

/// The bytes of plain values. With more signs, more words are looked for, and hardly more values are told.
const USUAL: ByteSet = ByteSet::range(b'a', b'z')
    .union(ByteSet::range(b'A', b'Z'))
    .union(ByteSet::range(b'0', b'9'))
    .union(ByteSet::from_bytes(b"-_."));
/// Fields that only have as much as this to learn from longer values are not worth a search.
const SHORTEST: usize = 16;

/// The plain values of a group of fields.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    /// The fields of the group that have nothing to learn from them, one bit each.
    pub(crate) fields: u64,
    /// Those that ask what a value does not match: they learn no more than that.
    pub(crate) refuting: u64,
    bytes: ByteSet,
    /// With one of these, it is a value like any other.
    words: Finder,
    /// As it is where it is as long.
    below: usize,
    /// Whether detectors look at them.
    detected: bool,
}

impl Plain {
    /// Those of a group, if it has any: of its fields, `all` are those that every value belongs to.
    pub(super) fn of(fields: &[Field], all: u64, gates: &Gates) -> Option<Self> {
        let each = || (0_u32..).zip(fields);
        let mut bytes = USUAL;
        let detected = fields.iter().any(|own| own.detect.is_some());
        // Rules that ask no detector need not wait for them to be made.
        let scanner = detected.then(Scanner::shared);
        if let Some(own) = scanner {
            bytes = bytes.both(ByteSet(own.dull()));
        }
        for (_, own) in each().filter(|(at, _)| all >> at & 1 == 1) {
            if own.always {
                return None;
            }
            bytes = bytes.both(own.triggers.complement());
        }
        let bytes = bytes.both(in_both_cases(&bytes.complement()).complement());
        let mut own = Self {
            fields: 0,
            refuting: 0,
            bytes,
            words: Finder::default(),
            below: usize::MAX,
            detected,
        };
        let mut words = Vec::new();
        let quiet = each().filter(|(_, own)| !own.always && !own.triggers.intersects(&bytes));
        for (at, field) in quiet {
            let Some(below) = gates.within_bytes(&field.gates, &bytes, &mut words) else {
                continue;
            };
            if below >= SHORTEST {
                own.fields |= 1 << at;
                own.refuting |= u64::from(!field.refuted.is_empty()) << at;
                own.below = own.below.min(below);
            }
        }
        if bytes == ByteSet::EMPTY || own.fields & all != all || own.fields == 0 {
            return None;
        }
        let words = words.iter().map(|own| &**own);
        let wake = scanner.into_iter().flat_map(Scanner::words);
        let wake = wake.map(|(word, _)| word.as_bytes());
        let is_of = |word: &&[u8]| word.iter().all(|byte| bytes.contains(*byte));
        let mut words: Vec<&[u8]> = words.chain(wake.filter(is_of)).collect();
        words.sort_unstable();
        words.dedup();
        own.words = Finder::new(&words);
        Some(own)
    }

    /// Whether a value of that name is one of them.
    #[inline]
    pub(crate) fn has(&self, value: &[u8], name: &[u8]) -> bool {
        value.len() < self.below
            && value.iter().all(|byte| self.bytes.contains(*byte))
            && self.has_no_word(value, name)
    }

    fn has_no_word(&self, value: &[u8], name: &[u8]) -> bool {
        let set = ByteSet::of(value);
        let mut is_plain = true;
        self.words.find(value, &set.0, |_| is_plain = false);
        is_plain && !(self.detected && Scanner::unfolds(value, &set.0, name))
    }
}
