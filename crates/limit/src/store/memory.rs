//! Counters in this process's memory.
//!
//! Keys are spread over shards, each behind its own lock. A shard knows its keys only as 128 bits
//! of a keyed hash, so that a key costs the same however long it is and nobody can choose keys
//! that collide.
//!
//! A full shard forgets the key whose budget is closest to full. A key that has its whole budget
//! back is the same as no key; after those go the ones that spent least of theirs; a key that is
//! over its limit goes only when every key of its shard is. A million addresses that knock once
//! therefore cannot make the store forget the one that knocks too often.
//!
//! Nothing runs in the background: each insertion also drops up to two keys that are fully
//! restored.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::time::Duration;

use babyshield_model::ByteSize;
use hashbrown::HashMap;
use parking_lot::{Mutex, MutexGuard};

use super::Charge;
use crate::Bounds;
use crate::gcra::{Nanos, Rate, Step, nanos};

/// Shards: enough that two threads seldom meet.
const SHARDS: usize = 64;

/// What one key costs at worst: a table slot of 25 bytes and a heap node of 24 bytes in a vector
/// that has just doubled. A table grows when keys fill 7/8 of its slots, and when keys that came
/// and went have used them up while more than half of that is held: then 7/32 of the slots it grows
/// to are in use.
const BYTES_PER_KEY: u64 = 25 * 32 / 7 + 24 * 2;

/// Fully restored keys dropped with each insertion.
const SWEEP: usize = 2;

/// Counters in memory. Make one and keep it when the plan changes.
#[derive(Debug)]
pub struct Store {
    shards: Vec<Mutex<Shard>>,
    seeds: [RandomState; 2],
    capacity: usize,
}

type Arrivals = HashMap<Digest, Nanos, BuildHasherDefault<Already>>;

/// A key as a shard knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Digest(u64, u64);

#[derive(Debug, Default)]
struct Shard {
    arrivals: Arrivals,
    /// One queue for each rate in use: keys of one rate are ordered by arrival time alone.
    queues: Vec<Queue>,
}

/// The keys of one rate, soonest restored first. A key's time here may be older than its true
/// one, never younger: charging a key moves it back without a word to the queue, which catches up
/// when it looks at its head.
#[derive(Debug)]
struct Queue {
    rate: Rate,
    heap: BinaryHeap<Reverse<(Nanos, Digest)>>,
}

/// A hasher for what has been hashed already.
#[derive(Clone, Copy, Debug, Default)]
struct Already(u64);

impl Hasher for Already {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 ^= value;
    }
}

impl Store {
    /// An empty store that never holds more than `bounds` says.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        let affordable = usize::try_from(bounds.bytes.0 / BYTES_PER_KEY).unwrap_or(usize::MAX);
        let capacity = (bounds.keys.min(affordable) / SHARDS).max(1);
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            seeds: [RandomState::new(), RandomState::new()],
            capacity,
        }
    }

    /// Keys held now.
    #[must_use]
    pub fn len(&self) -> usize {
        let shards = self.shards.iter();
        shards.map(|shard| shard.lock().arrivals.len()).sum()
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes spent on keys now: what tables and heaps have reserved.
    #[must_use]
    pub fn footprint(&self) -> ByteSize {
        let shards = self.shards.iter();
        ByteSize(shards.map(|shard| shard.lock().footprint()).sum())
    }

    fn digest(&self, key: &[u8]) -> Digest {
        let [first, second] = &self.seeds;
        Digest(first.hash_one(key), second.hash_one(key))
    }

    /// The shards of all digests, each locked once, in ascending order, so that two requests
    /// never wait for each other in a ring.
    fn lock(&self, digests: &[Digest]) -> Vec<(usize, MutexGuard<'_, Shard>)> {
        let mut wanted: Vec<usize> = digests.iter().map(|digest| digest.shard()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let shards = wanted.into_iter();
        let locked = shards.filter_map(|at| Some((at, self.shards.get(at)?.lock())));
        locked.collect()
    }
}

impl super::Store for Store {
    fn charge(&self, charges: &mut [Charge], now: Duration) -> bool {
        let now = nanos(now);
        let keys = charges.iter();
        let digests: Vec<Digest> = keys.map(|charge| self.digest(&charge.key)).collect();
        let mut locked = self.lock(&digests);
        let mut admitted = true;
        for (charge, digest) in charges.iter_mut().zip(&digests) {
            let shard = find(&mut locked, *digest);
            charge.arrival = shard.map_or(0, |shard| shard.arrival(*digest));
            admitted &= matches!(charge.rate.step(charge.arrival, now), Step::Admit(_));
        }
        if !admitted {
            return false;
        }
        for (charge, digest) in charges.iter_mut().zip(&digests) {
            if let (Step::Admit(next), Some(shard)) = (
                charge.rate.step(charge.arrival, now),
                find(&mut locked, *digest),
            ) {
                charge.arrival = next;
                shard.remember(*digest, next, charge.rate, now, self.capacity);
            }
        }
        true
    }
}

fn find<'a>(
    locked: &'a mut [(usize, MutexGuard<'_, Shard>)],
    digest: Digest,
) -> Option<&'a mut Shard> {
    let wanted = digest.shard();
    let mut guards = locked.iter_mut();
    guards.find_map(|(at, shard)| (*at == wanted).then_some(&mut **shard))
}

impl Digest {
    /// By the half that the table does not look at first.
    fn shard(self) -> usize {
        usize::try_from(self.1 % SHARDS as u64).unwrap_or(0)
    }
}

impl Shard {
    fn arrival(&self, digest: Digest) -> Nanos {
        self.arrivals.get(&digest).copied().unwrap_or(0)
    }

    fn remember(&mut self, digest: Digest, next: Nanos, rate: Rate, now: Nanos, most: usize) {
        if let Some(arrival) = self.arrivals.get_mut(&digest) {
            *arrival = next;
            return;
        }
        self.sweep(now);
        // Each turn drops one key; with nothing left to drop there is room.
        while self.arrivals.len() >= most && self.forget(now) {}
        self.arrivals.insert(digest, next);
        let node = Reverse((next, digest));
        match self.queues.iter_mut().find(|queue| queue.rate == rate) {
            Some(queue) => queue.heap.push(node),
            None => self.queues.push(Queue {
                rate,
                heap: BinaryHeap::from([node]),
            }),
        }
    }

    /// Drops a few keys that have their whole budget back, and queues nobody uses any more.
    fn sweep(&mut self, now: Nanos) {
        for queue in &mut self.queues {
            for _ in 0..SWEEP {
                match queue.head(&self.arrivals) {
                    Some(arrival) if arrival <= now => queue.drop_head(&mut self.arrivals),
                    Some(_) | None => break,
                }
            }
        }
        self.queues.retain(|queue| !queue.heap.is_empty());
    }

    /// Drops the key that has spent the smallest part of its budget, one that is over its limit
    /// only when all are. False when there is none.
    fn forget(&mut self, now: Nanos) -> bool {
        let arrivals = &self.arrivals;
        let queues = self.queues.iter_mut();
        let heads = queues.filter_map(|queue| {
            let arrival = queue.head(arrivals)?;
            let over = matches!(queue.rate.step(arrival, now), Step::Refuse(_));
            Some((
                (over, share(arrival.saturating_sub(now), queue.rate)),
                queue,
            ))
        });
        match heads.min_by_key(|(loss, _)| *loss) {
            Some((_, queue)) => {
                queue.drop_head(&mut self.arrivals);
                true
            }
            None => false,
        }
    }

    fn footprint(&self) -> u64 {
        let heaps = self.queues.iter().map(|queue| queue.heap.capacity());
        (self.arrivals.allocation_size() + heaps.sum::<usize>() * 24) as u64
    }
}

/// How much of its budget a key has spent, in parts of 2³².
fn share(spent: Nanos, rate: Rate) -> u128 {
    (u128::from(spent) << 32) / u128::from(rate.capacity().max(1))
}

impl Queue {
    /// The soonest true arrival time, after bringing the head up to date.
    fn head(&mut self, arrivals: &Arrivals) -> Option<Nanos> {
        loop {
            let mut head = self.heap.peek_mut()?;
            let Reverse((noted, digest)) = *head;
            let arrival = arrivals.get(&digest).copied().unwrap_or(0);
            if arrival <= noted {
                return Some(noted);
            }
            *head = Reverse((arrival, digest));
        }
    }

    fn drop_head(&mut self, arrivals: &mut Arrivals) {
        if let Some(Reverse((_, digest))) = self.heap.pop() {
            arrivals.remove(&digest);
        }
    }
}
