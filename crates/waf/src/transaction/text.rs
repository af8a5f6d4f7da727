//! The strings of one transaction: where their bytes lie, what they become when transformed, and
//! which literals they contain. Each is worked out once.

use crate::byteset::ByteSet;
use crate::plan::{Gate, Plan, Prefilter, has};
use crate::transform::Transform;

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

/// Names one string of the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StrId(u32);

const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Item {
    slice: Slice,
    set: ByteSet,
    /// First of the edges that lead away from it.
    edges: u32,
    /// Where its hits begin, once scanned.
    hits: u32,
    /// The string it is the lower case of: the two have the same hits.
    folded_from: u32,
    /// Once it was scanned: hits of everything the chains make of it, and their bytes.
    all_hits: u32,
    all_set: ByteSet,
}

/// What a transformation makes of a string.
#[derive(Clone, Copy, Debug)]
struct Edge {
    transform: Transform,
    to: u32,
    next: u32,
}

/// All strings of a transaction. Cleared, it keeps its capacity and nothing else.
#[derive(Debug, Default)]
pub(crate) struct Strings {
    arena: Vec<u8>,
    pub(crate) request: Vec<u8>,
    pub(crate) response: Vec<u8>,
    items: Vec<Item>,
    edges: Vec<Edge>,
    hits: Vec<u64>,
    work: Vec<u8>,
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
            hits,
            work,
        } = self;
        arena.clear();
        request.clear();
        response.clear();
        items.clear();
        edges.clear();
        hits.clear();
        work.clear();
    }

    /// Copies bytes in.
    pub(crate) fn keep(&mut self, bytes: &[u8]) -> Slice {
        let start = self.arena.len();
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
        let set = ByteSet::of(self.bytes(slice));
        self.push(slice, set, NONE)
    }

    fn push(&mut self, slice: Slice, set: ByteSet, folded_from: u32) -> StrId {
        let id = offset(self.items.len());
        self.items.push(Item {
            slice,
            set,
            edges: NONE,
            hits: NONE,
            folded_from,
            all_hits: NONE,
            all_set: ByteSet::EMPTY,
        });
        StrId(id)
    }

    /// Makes a string of bytes from elsewhere.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> StrId {
        let slice = self.keep(bytes);
        self.string(slice)
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
            hits: NONE,
            folded_from: NONE,
            all_hits: NONE,
            all_set: ByteSet::EMPTY,
        };
        self.items.get(id.0 as usize).copied().unwrap_or(EMPTY)
    }

    pub(crate) fn slice_of(&self, id: StrId) -> Slice {
        self.item(id).slice
    }

    pub(crate) fn text(&self, id: StrId) -> &[u8] {
        self.bytes(self.item(id).slice)
    }

    pub(crate) fn set(&self, id: StrId) -> ByteSet {
        self.items
            .get(id.0 as usize)
            .map_or(ByteSet::EMPTY, |item| item.set)
    }

    /// The string seen through a chain of the plan.
    pub(crate) fn through(&mut self, plan: &Plan, id: StrId, chain: u16) -> StrId {
        let Some(chain) = plan.chains.get(usize::from(chain)) else {
            return id;
        };
        if !chain.always && !chain.triggers.intersects(&self.set(id)) {
            return id;
        }
        chain.steps.iter().fold(id, |at, step| self.step(at, *step))
    }

    /// The string after one transformation.
    pub(crate) fn step(&mut self, id: StrId, transform: Transform) -> StrId {
        let item = self.item(id);
        if !transform.always_changes() && !transform.triggers().intersects(&item.set) {
            return id;
        }
        let mut edge = item.edges;
        while let Some(known) = self.edges.get(edge as usize) {
            if known.transform == transform {
                return StrId(known.to);
            }
            edge = known.next;
        }
        let to = self.transformed(id, item, transform);
        let new = offset(self.edges.len());
        self.edges.push(Edge {
            transform,
            to: to.0,
            next: item.edges,
        });
        if let Some(item) = self.items.get_mut(id.0 as usize) {
            item.edges = new;
        }
        to
    }

    fn transformed(&mut self, id: StrId, item: Item, transform: Transform) -> StrId {
        let mut work = std::mem::take(&mut self.work);
        transform.apply(self.bytes(item.slice), &mut work);
        let same = work == self.bytes(item.slice);
        let to = if same {
            id
        } else {
            let slice = self.keep(&work);
            let set = ByteSet::of(&work);
            let folds = matches!(transform, Transform::Lowercase | Transform::Uppercase);
            self.push(slice, set, if folds { id.0 } else { NONE })
        };
        self.work = work;
        to
    }

    /// Which factors of the prefilter the string contains.
    pub(crate) fn hits(&mut self, prefilter: &Prefilter, id: StrId) -> &[u64] {
        let at = self.hits_at(prefilter, id);
        self.hits
            .get(at..at + prefilter.words())
            .unwrap_or_default()
    }

    /// Where they are kept.
    fn hits_at(&mut self, prefilter: &Prefilter, id: StrId) -> usize {
        let words = prefilter.words();
        let mut origin = id;
        while self.item(origin).folded_from != NONE {
            origin = StrId(self.item(origin).folded_from);
        }
        let item = self.item(origin);
        if item.hits == NONE {
            let at = self.hits.len();
            self.hits.resize(at + words, 0);
            let mut hits = std::mem::take(&mut self.hits);
            if let Some(own) = hits.get_mut(at..) {
                prefilter.scan(self.bytes(item.slice), own);
            }
            self.hits = hits;
            if let Some(item) = self.items.get_mut(origin.0 as usize) {
                item.hits = offset(at);
            }
            return at;
        }
        item.hits as usize
    }

    /// Notes that a chain makes `made` of the value `id`, which is being scanned.
    pub(crate) fn absorb(&mut self, prefilter: &Prefilter, id: StrId, made: StrId) {
        let words = prefilter.words();
        let from = self.hits_at(prefilter, made);
        let (own, made) = (self.item(id), self.item(made));
        let to = if own.all_hits == NONE {
            let at = self.hits.len();
            self.hits.resize(at + words, 0);
            at
        } else {
            own.all_hits as usize
        };
        for word in 0..words {
            let more = self.hits.get(from + word).copied().unwrap_or_default();
            if let Some(slot) = self.hits.get_mut(to + word) {
                *slot |= more;
            }
        }
        if let Some(item) = self.items.get_mut(id.0 as usize) {
            item.all_hits = offset(to);
            item.all_set = item.all_set.union(made.set);
        }
    }

    /// Whether what the chains make of a scanned value may fit a gate. True for values that were
    /// not scanned.
    pub(crate) fn may_pass(&self, id: StrId, gate: &Gate) -> bool {
        let item = self.item(id);
        if item.all_hits == NONE {
            return true;
        }
        if gate.bytes.is_some_and(|set| !set.intersects(&item.all_set)) {
            return false;
        }
        gate.factor.is_none_or(|factor| {
            let hits = self.hits.get(item.all_hits as usize..).unwrap_or_default();
            has(hits, factor)
        })
    }
}
