//! The strings of one transaction: where their bytes lie, what they become when transformed, and
//! which literals they contain. Each is worked out once.

mod edits;
mod open;

use std::hash::{BuildHasher, Hash};
use std::ops::Range;

use foldhash::fast::FixedState;

use crate::byteset::ByteSet;
use crate::plan::{Parts, Plan};
use crate::transform::{Transform, UnicodeMap};

/// Bytes somewhere in a transaction's buffers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Slice {
    buffer: Buffer,
    start: u32,
    len: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Buffer {
    #[default]
    Arena,
    Request,
    Response,
}

impl Slice {
    #[inline]
    pub(crate) fn len(self) -> usize {
        self.len as usize
    }
}

/// Names one string of the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct StrId(u32);

impl StrId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

const NONE: u32 = u32::MAX;
/// In place of where open gates begin: there are none.
const CLOSED: u32 = NONE - 1;

#[derive(Clone, Copy, Debug)]
struct Item {
    slice: Slice,
    /// Its bytes; empty while nobody has asked.
    set: ByteSet,
    /// First of the edges that lead away from it.
    edges: u32,
    /// Where its open gates begin, once any are known, and the parts that told of them.
    open: u32,
    opened: Parts,
    /// The string it is the lower case of: to both the same gates are open.
    folded_from: u32,
    /// Where the gates begin that are open to what the chains make of it, once it was scanned.
    all_open: u32,
    /// The detectors that its words wake, known with its open gates.
    woken: u32,
    /// The string it was made of.
    made_of: u32,
    /// Of a long one, where what it holds begins, as far as gates of all strings ask; once that is known.
    hits: u32,
}

/// What a transformation makes of a string.
#[derive(Clone, Copy, Debug)]
struct Edge {
    transform: Transform,
    to: u32,
    next: u32,
}

/// What came of late, each at a place of its hash, where the next one takes it over. That something is not
/// found costs time alone.
#[derive(Debug, Default)]
struct Recent(Vec<u32>);

impl Recent {
    const PLACES: usize = 64;

    fn place<T: Hash + ?Sized>(of: &T) -> usize {
        let hash = FixedState::default().hash_one(of) % Self::PLACES as u64;
        usize::try_from(hash).unwrap_or(0)
    }

    fn get(&self, place: usize) -> Option<u32> {
        self.0.get(place).copied().filter(|known| *known != NONE)
    }

    fn put(&mut self, place: usize, own: u32) {
        self.0.resize(Self::PLACES, NONE);
        if let Some(place) = self.0.get_mut(place) {
            *place = own;
        }
    }
}

/// All strings of a transaction. Cleared, it keeps its capacity and nothing else.
#[derive(Debug, Default)]
pub(crate) struct Strings {
    arena: Vec<u8>,
    pub(crate) request: Vec<u8>,
    pub(crate) response: Vec<u8>,
    items: Vec<Item>,
    edges: Vec<Edge>,
    /// Rows of gates. Those alike lie in one place and are never changed: thousands of values open the same
    /// few gates, and a row for each would take more memory than they do.
    open: Vec<u64>,
    /// Where rows made of late lie, by their hash.
    rows: Recent,
    row: Vec<u64>,
    factors: Vec<u64>,
    /// What long strings hold, one behind the other.
    hits: Vec<u64>,
    /// Where a string differs from the one it was made of.
    parts: Vec<Range<usize>>,
    work: Vec<u8>,
    /// Strings that are asked for again by their place: values of `TX` and the body.
    named: Vec<(Slice, StrId)>,
    /// Short strings that came of late, by their hash.
    lately: Recent,
    /// Bytes that may be kept, and whether more were to be.
    limit: usize,
    full: bool,
}

fn offset(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(NONE)
}

impl Strings {
    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        let Self {
            arena,
            request,
            response,
            items,
            edges,
            open,
            rows,
            row,
            factors,
            hits,
            parts,
            work,
            named,
            lately,
            limit,
            full,
        } = self;
        arena.clear();
        request.clear();
        response.clear();
        items.clear();
        edges.clear();
        open.clear();
        rows.0.clear();
        row.clear();
        factors.clear();
        hits.clear();
        parts.clear();
        work.clear();
        named.clear();
        lately.0.clear();
        *limit = 0;
        *full = false;
    }

    /// How many bytes may be kept, over and above the bodies. Past that, what is to be kept is
    /// lost, and [`Strings::is_full`].
    pub(crate) fn set_limit(&mut self, bytes: usize) {
        // Places are of 32 bits.
        self.limit = bytes.min(u32::MAX as usize - 1);
    }

    /// How many bytes are kept, the bodies apart.
    pub(crate) fn kept(&self) -> usize {
        self.arena.len()
    }

    /// Whether something was lost.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    /// Copies bytes in.
    pub(crate) fn keep(&mut self, bytes: &[u8]) -> Slice {
        let start = self.arena.len();
        if bytes.len() > self.limit.saturating_sub(start) {
            self.full = true;
            return Slice::default();
        }
        self.arena.extend_from_slice(bytes);
        Slice {
            buffer: Buffer::Arena,
            start: offset(start),
            len: offset(bytes.len()),
        }
    }

    /// Lets `write` append bytes.
    pub(crate) fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Slice {
        let start = self.arena.len();
        write(&mut self.arena);
        if self.arena.len() > self.limit {
            self.full = true;
            self.arena.truncate(start);
        }
        let len = self.arena.len().saturating_sub(start);
        Slice {
            buffer: Buffer::Arena,
            start: offset(start),
            len: offset(len),
        }
    }

    /// The whole request body.
    pub(crate) fn request_slice(&self) -> Slice {
        Slice {
            buffer: Buffer::Request,
            start: 0,
            len: offset(self.request.len()),
        }
    }

    /// The whole response body.
    pub(crate) fn response_slice(&self) -> Slice {
        Slice {
            buffer: Buffer::Response,
            start: 0,
            len: offset(self.response.len()),
        }
    }

    /// A part of a slice, from `start` on, of `len` bytes; cut to what there is.
    pub(crate) fn part(slice: Slice, start: usize, len: usize) -> Slice {
        let start = offset(start).min(slice.len);
        let len = offset(len).min(slice.len - start);
        Slice {
            buffer: slice.buffer,
            start: slice.start + start,
            len,
        }
    }

    pub(crate) fn bytes(&self, slice: Slice) -> &[u8] {
        let buffer = match slice.buffer {
            Buffer::Arena => &self.arena,
            Buffer::Request => &self.request,
            Buffer::Response => &self.response,
        };
        let start = slice.start as usize;
        buffer
            .get(start..start + slice.len as usize)
            .unwrap_or_default()
    }

    /// Makes a string of bytes that are already here.
    pub(crate) fn string(&mut self, slice: Slice) -> StrId {
        self.push(slice, ByteSet::EMPTY, NONE, NONE)
    }

    /// The string at a place, the same one each time, so that what is known of it is not worked out
    /// again for every rule that looks there.
    pub(crate) fn string_at(&mut self, slice: Slice) -> StrId {
        /// Shorter strings are as quickly read as found.
        const SHORT: u32 = 64;
        const KEPT: usize = 32;
        if slice.len < SHORT {
            return self.string(slice);
        }
        if let Some((_, known)) = self.named.iter().find(|(own, _)| *own == slice) {
            return *known;
        }
        let id = self.string(slice);
        if self.named.len() >= KEPT {
            self.named.remove(0);
        }
        self.named.push((slice, id));
        id
    }

    fn push(&mut self, slice: Slice, set: ByteSet, folded_from: u32, made_of: u32) -> StrId {
        let id = offset(self.items.len());
        self.items.push(Item {
            slice,
            set,
            edges: NONE,
            open: NONE,
            opened: Parts::NONE,
            folded_from,
            all_open: NONE,
            woken: 0,
            made_of,
            hits: NONE,
        });
        StrId(id)
    }

    /// Makes a string of bytes from elsewhere.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> StrId {
        let slice = self.keep(bytes);
        self.string(slice)
    }

    /// The same, or the string of these bytes where one came of late: documents hold the same few words
    /// thousands of times, and what is known of one is known of all. Only for values of one variable, of
    /// which no detector reads the name.
    pub(crate) fn add_again(&mut self, bytes: &[u8]) -> StrId {
        /// Longer strings seldom come again.
        const LONGEST: usize = 64;
        if bytes.len() > LONGEST {
            return self.add(bytes);
        }
        let place = Recent::place(bytes);
        let known = self.lately.get(place).map(StrId);
        if let Some(known) = known.filter(|known| self.text(*known) == bytes) {
            return known;
        }
        let new = self.add(bytes);
        self.lately.put(place, new.0);
        new
    }

    fn item(&self, id: StrId) -> Item {
        const EMPTY: Item = Item {
            slice: Slice {
                buffer: Buffer::Arena,
                start: 0,
                len: 0,
            },
            set: ByteSet::EMPTY,
            edges: NONE,
            open: NONE,
            opened: Parts::NONE,
            folded_from: NONE,
            all_open: NONE,
            woken: 0,
            made_of: NONE,
            hits: NONE,
        };
        self.items.get(id.0 as usize).copied().unwrap_or(EMPTY)
    }

    pub(crate) fn slice_of(&self, id: StrId) -> Slice {
        self.item(id).slice
    }

    pub(crate) fn text(&self, id: StrId) -> &[u8] {
        let item = self.items.get(id.0 as usize);
        item.map_or(&[], |item| self.bytes(item.slice))
    }

    /// How many bytes a string has.
    pub(crate) fn len(&self, id: StrId) -> usize {
        let item = self.items.get(id.0 as usize);
        item.map_or(0, |item| item.slice.len as usize)
    }

    /// The bytes that occur in a string.
    pub(crate) fn set(&mut self, id: StrId) -> ByteSet {
        let Some(item) = self.items.get(id.0 as usize) else {
            return ByteSet::EMPTY;
        };
        if item.set != ByteSet::EMPTY || item.slice.len == 0 {
            return item.set;
        }
        let set = ByteSet::of(self.bytes(item.slice));
        if let Some(item) = self.items.get_mut(id.0 as usize) {
            item.set = set;
        }
        set
    }

    /// The string seen through a chain of the plan.
    pub(crate) fn through(&mut self, plan: &Plan, id: StrId, chain: u16) -> StrId {
        let Some(chain) = plan.chains.get(usize::from(chain)) else {
            return id;
        };
        if !chain.always && !chain.triggers.intersects(&self.set(id)) {
            return id;
        }
        chain
            .steps
            .iter()
            .fold(id, |at, step| self.step(&plan.settings.unicode, at, *step))
    }

    /// The same where every step was taken before.
    pub(crate) fn known_through(&self, plan: &Plan, id: StrId, chain: u16) -> Option<StrId> {
        let chain = plan.chains.get(usize::from(chain))?;
        if !chain.always && !chain.triggers.intersects(&self.item(id).set) {
            return Some(id);
        }
        chain
            .steps
            .iter()
            .try_fold(id, |at, step| self.known_step(at, *step))
    }

    /// What a transformation makes of a string whose bytes are known, where it changes nothing or was taken
    /// before.
    fn known_step(&self, id: StrId, transform: Transform) -> Option<StrId> {
        let item = self.items.get(id.0 as usize)?;
        if !transform.always_changes() && !transform.triggers().intersects(&item.set) {
            return Some(id);
        }
        let mut edge = item.edges;
        while let Some(known) = self.edges.get(edge as usize) {
            if known.transform == transform {
                return Some(StrId(known.to));
            }
            edge = known.next;
        }
        None
    }

    /// The string after one transformation.
    pub(crate) fn step(&mut self, map: &UnicodeMap, id: StrId, transform: Transform) -> StrId {
        self.set(id);
        if let Some(known) = self.known_step(id, transform) {
            return known;
        }
        let to = self.transformed(map, id, transform);
        let new = offset(self.edges.len());
        if let Some(item) = self.items.get_mut(id.0 as usize) {
            self.edges.push(Edge {
                transform,
                to: to.0,
                next: std::mem::replace(&mut item.edges, new),
            });
        }
        to
    }

    fn transformed(&mut self, map: &UnicodeMap, id: StrId, transform: Transform) -> StrId {
        let item = self.item(id);
        let mut work = std::mem::take(&mut self.work);
        transform.apply_with(self.bytes(item.slice), &mut work, map);
        let same = work == self.bytes(item.slice);
        let to = if same {
            id
        } else {
            let slice = self.keep(&work);
            let set = ByteSet::of(&work);
            let folds = transform.only_changes_case();
            self.push(slice, set, if folds { id.0 } else { NONE }, id.0)
        };
        self.work = work;
        to
    }
}
