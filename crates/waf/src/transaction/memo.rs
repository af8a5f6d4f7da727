//! What the look before a phase told of values seen before.
//!
//! Most of a request is what the last one held: `User-Agent`, `Accept…`, `Sec-Fetch-…`, names of
//! fields, cookies of a session. What their field's chains and the detectors say of a value depends on
//! the field, its name and its bytes alone, so it is kept under all three and compared in full: a memo
//! decides nothing, and a request that meets none pays for one lookup a value.
//!
//! A value is kept when it comes a second time, or while there is room: most of what is new (identifiers,
//! tokens, addresses that somebody came from) never comes again, and would push out what every request repeats.
//! A table has a fixed number
//! of places in sets of eight; a new value takes the place that was asked for least of late. Long values have
//! a small table of their own, so that they cannot take all memory.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};

use babyshield_detect::Place;

/// Places of values of ordinary length.
const PLACES: usize = 8192;
/// Places of long ones: tokens, cookies, queries that programs send again and again.
const LONG_PLACES: usize = 256;
/// Places a value may take: those of its set.
const WAYS: usize = 8;
/// A longer value, its name counted, is a long one.
const LONG: usize = 512;
/// A longer value is not kept: it seldom comes again.
const LONGEST: usize = 4096;
/// Values that came once are remembered in so many places, by a part of their hash: a power of two.
const MET: usize = 1 << 15;
/// Different rows of gates kept; with more, a memo begins anew.
const ROWS: usize = 1024;
/// How often a value has outlived a newer one at most, before it has to be asked for again.
const MOST_USES: u8 = 3;

/// What a memo depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key<'a> {
    /// The fields looked at: phase and group.
    pub(super) group: (usize, usize),
    /// Where their values stand: for some variables, the kind of body tells.
    pub(super) place: Place,
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
}

impl Key<'_> {
    fn len(&self) -> usize {
        self.name.len() + self.value.len()
    }

    /// Whether such values are kept at all.
    pub(super) fn is_kept(&self) -> bool {
        self.len() <= LONGEST
    }

    /// What is compared beside name and value, and where one ends.
    fn head(&self) -> [u8; 8] {
        let [phase, ..] = self.group.0.to_le_bytes();
        let [a, b, ..] = self.group.1.to_le_bytes();
        let [c, d, ..] = self.name.len().to_le_bytes();
        [phase, self.place as u8, a, b, c, d, 0, 0]
    }
}

/// What the look at a value told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told<'a> {
    /// The fields of the group that it belongs to.
    pub(super) fields: u64,
    /// The gates that may be open to what the fields' chains make of it, and those that the detectors
    /// opened; empty where there are none, as for most values.
    pub(super) open: &'a [u64],
}

impl<'a> Told<'a> {
    pub(super) fn new(fields: u64, open: &'a [u64]) -> Self {
        let any = open.iter().fold(0, |any, word| any | word);
        Self {
            fields,
            open: if any == 0 { &[] } else { open },
        }
    }
}

/// The hash of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hash(u64);

/// Memos of one plan, for one thread at a time.
#[derive(Debug, Default)]
pub(super) struct Memo {
    hasher: foldhash::fast::RandomState,
    /// What came once.
    met: Box<[u8]>,
    short: Table,
    long: Table,
    /// Rows of gates, and where each begins: few differ.
    rows: Vec<u64>,
    starts: HashMap<Box<[u64]>, Row, foldhash::fast::RandomState>,
}

/// Values in sets of [`WAYS`] places.
#[derive(Debug, Default)]
struct Table {
    /// For each place a part of the hash of its key, 0 where there is none: few bytes, so that they stay in the
    /// caches of a core.
    tags: Box<[u16]>,
    places: Box<[Known]>,
    /// Where the search for the next place to give away begins.
    hand: usize,
}

/// A value that is known.
#[derive(Clone, Debug, Default)]
struct Known {
    key: Vec<u8>,
    fields: u64,
    row: Row,
    uses: u8,
}

/// Where a row of gates lies.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    start: u32,
    len: u32,
}

impl Memo {
    pub(super) fn new() -> Self {
        Self {
            met: vec![0; MET].into(),
            short: Table::new(PLACES),
            long: Table::new(LONG_PLACES),
            ..Self::default()
        }
    }

    /// What is known of a value; where that is nothing, what to keep it under, if it comes again.
    pub(super) fn find(&mut self, key: &Key<'_>) -> Result<Told<'_>, Option<Hash>> {
        let hash = self.hash(key);
        let Some(known) = self.table(key).find(key, hash) else {
            let is_kept = self.meet(hash) | self.table(key).has_room(hash);
            return Err(is_kept.then_some(Hash(hash)));
        };
        known.uses = (known.uses + 1).min(MOST_USES);
        let (fields, Row { start, len }) = (known.fields, known.row);
        let row = start as usize..start as usize + len as usize;
        let open = self.rows.get(row).ok_or(Some(Hash(hash)))?;
        Ok(Told { fields, open })
    }

    /// Whether a value came before, of late; it has come now.
    fn meet(&mut self, hash: u64) -> bool {
        // Other bits than those that choose a set.
        let [_, _, a, b, own, ..] = hash.to_le_bytes();
        let place = usize::from(u16::from_le_bytes([a, b])) % MET;
        let before = self.met.get_mut(place);
        before.is_some_and(|before| std::mem::replace(before, own) == own)
    }

    /// Keeps what was found out about a value that was not known.
    pub(super) fn keep(&mut self, key: &Key<'_>, Hash(hash): Hash, told: Told<'_>) {
        let row = self.row(told.open);
        let Some(known) = self.table(key).place(hash) else {
            return;
        };
        known.uses = 0;
        known.fields = told.fields;
        known.row = row;
        known.key.clear();
        known.key.reserve(8 + key.len());
        known.key.extend_from_slice(&key.head());
        known.key.extend_from_slice(key.name);
        known.key.extend_from_slice(key.value);
    }

    fn table(&mut self, key: &Key<'_>) -> &mut Table {
        if key.len() > LONG {
            &mut self.long
        } else {
            &mut self.short
        }
    }

    /// Where a row lies, put there if it is new.
    fn row(&mut self, open: &[u64]) -> Row {
        if open.is_empty() {
            return Row::default();
        }
        if let Some(known) = self.starts.get(open) {
            return *known;
        }
        if self.starts.len() >= ROWS {
            self.starts.clear();
            self.rows.clear();
            self.short.tags.fill(0);
            self.long.tags.fill(0);
        }
        let place = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let row = Row {
            start: place(self.rows.len()),
            len: place(open.len()),
        };
        self.rows.extend_from_slice(open);
        self.starts.insert(open.into(), row);
        row
    }

    fn hash(&self, key: &Key<'_>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(&key.head());
        hasher.write(key.name);
        hasher.write(key.value);
        hasher.finish()
    }
}

impl Known {
    fn is_of(&self, key: &Key<'_>) -> bool {
        let parts = self.key.split_first_chunk();
        let parts =
            parts.and_then(|(head, rest)| Some((head, rest.split_at_checked(key.name.len())?)));
        parts.is_some_and(|(head, (name, value))| {
            *head == key.head() && name == key.name && value == key.value
        })
    }
}

/// What a place is found by: not the bits of a hash that choose the set. 0 stands for an empty place.
fn tag(hash: u64) -> u16 {
    let [.., a, b] = hash.to_le_bytes();
    u16::from_le_bytes([a, b]) | 1
}

impl Table {
    fn new(places: usize) -> Self {
        Self {
            tags: vec![0; places].into(),
            places: vec![Known::default(); places].into(),
            hand: 0,
        }
    }

    fn find(&mut self, key: &Key<'_>, hash: u64) -> Option<&mut Known> {
        let base = self.base(hash);
        let tags = self.tags.get(base..)?.first_chunk::<WAYS>()?;
        let own = tag(hash);
        // Nearly always one at most has it.
        let mut alike = (0..).zip(tags).fold(0_u32, |all, (at, known)| {
            all | u32::from(*known == own) << at
        });
        while alike != 0 {
            let at = base + alike.trailing_zeros() as usize;
            alike &= alike - 1;
            if self.places.get(at).is_some_and(|known| known.is_of(key)) {
                return self.places.get_mut(at);
            }
        }
        None
    }

    /// Whether a value of that hash could be kept beside all others.
    fn has_room(&self, hash: u64) -> bool {
        let base = self.base(hash);
        let set = self.tags.get(base..base + WAYS);
        set.is_some_and(|set| set.contains(&0))
    }

    /// A place for a new value, which it is noted under.
    fn place(&mut self, hash: u64) -> Option<&mut Known> {
        let at = self.free(self.base(hash));
        *self.tags.get_mut(at)? = tag(hash);
        self.places.get_mut(at)
    }

    /// The place of a set to give away: the first that was not asked for since the hand last passed.
    fn free(&mut self, base: usize) -> usize {
        self.hand = self.hand.wrapping_add(1);
        let Some(set) = self.places.get_mut(base..base + WAYS) else {
            return base;
        };
        // The hand goes round as often as it takes to wear out the least used, and on to that one.
        let least = set.iter().map(|own| own.uses).min().unwrap_or(0);
        let start = self.hand % WAYS;
        let (behind, ahead) = set.split_at_mut(start);
        let mut place = None;
        for (turn, own) in ahead.iter_mut().chain(behind).enumerate() {
            if place.is_none() && own.uses == least {
                place = Some(base + (start + turn) % WAYS);
            }
            own.uses -= least + u8::from(place.is_none());
        }
        place.unwrap_or(base)
    }

    /// The first place of a set.
    fn base(&self, hash: u64) -> usize {
        // There are as many sets as a power of two.
        let sets = self.places.len() / WAYS;
        usize::try_from(hash & (sets as u64).wrapping_sub(1)).unwrap_or(0) * WAYS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key<'a>(name: &'a str, value: &'a str) -> Key<'a> {
        Key {
            group: (1, 2),
            place: Place::Query,
            name: name.as_bytes(),
            value: value.as_bytes(),
        }
    }

    fn put(memo: &mut Memo, key: &Key<'_>, open: u64) {
        let told = Told {
            fields: 5,
            open: &[open; 2],
        };
        for _ in 0..2 {
            if let Err(Some(hash)) = memo.find(key) {
                memo.keep(key, hash, told);
            }
        }
    }

    #[test]
    fn a_memo_is_found_under_all_of_its_key() {
        let mut memo = Memo::new();
        assert!(memo.find(&key("a", "bc")).is_err());
        put(&mut memo, &key("a", "bc"), 3);
        let known = memo.find(&key("a", "bc"));
        let told = Told {
            fields: 5,
            open: &[3, 3],
        };
        assert_eq!(known, Ok(told));
        let others = [
            key("ab", "c"),
            key("", "abc"),
            key("a", "b"),
            Key {
                group: (1, 3),
                ..key("a", "bc")
            },
            Key {
                place: Place::Json,
                ..key("a", "bc")
            },
        ];
        for other in others {
            assert!(memo.find(&other).is_err(), "{other:?}");
        }
    }

    #[test]
    fn a_value_is_kept_while_there_is_room_and_then_when_it_comes_again() {
        let mut memo = Memo::new();
        let first = memo.find(&key("n", "v")).map(|_| ());
        assert!(matches!(first, Err(Some(_))), "{first:?}");
        for n in 0..4 * PLACES {
            put(&mut memo, &key("n", &n.to_string()), 1);
        }
        // Parts of hashes may be alike.
        let mut at_once = 0;
        for n in 0..200 {
            let stranger = format!("stranger {n}");
            let own = key("n", &stranger);
            at_once += usize::from(memo.find(&own) != Err(None));
            let again = memo.find(&own).map(|_| ());
            assert!(matches!(again, Err(Some(_))), "{again:?}");
        }
        assert!(at_once < 20, "{at_once}");
    }

    #[test]
    fn strangers_do_not_push_out_what_every_request_repeats() {
        let mut memo = Memo::new();
        let known: Vec<String> = (0..200).map(|n| format!("every request {n}")).collect();
        let mut lost = 0;
        for round in 0..400 {
            for own in &known {
                if memo.find(&key("n", own)).is_err() {
                    lost += 1;
                    put(&mut memo, &key("n", own), 1);
                }
            }
            for n in 0..100 {
                let stranger = format!("stranger {round} {n}");
                assert!(memo.find(&key("n", &stranger)).is_err());
                put(&mut memo, &key("n", &stranger), 1);
            }
        }
        // Of 80,000 questions; where many fall into one set, some are asked again.
        assert!(lost <= 8 * known.len(), "{lost}");
    }

    #[test]
    fn rows_of_gates_are_bounded() {
        let mut memo = Memo::new();
        for n in 0..5000 {
            let name = n.to_string();
            put(&mut memo, &key(&name, "v"), n);
            let told = memo.find(&key(&name, "v"));
            assert_eq!(told.map(|own| own.open.to_vec()), Ok(vec![n, n]));
            assert!(memo.starts.len() <= ROWS && memo.rows.len() <= 2 * ROWS);
        }
        assert!(memo.find(&key("1", "v")).is_err());
        assert!(Told::new(1, &[0, 0]).open.is_empty());
    }

    #[test]
    fn long_values_are_not_kept() {
        assert!(key("n", &"v".repeat(LONGEST - 1)).is_kept());
        assert!(!key("n", &"v".repeat(LONGEST)).is_kept());
    }
}
