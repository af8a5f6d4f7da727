//! Persistent collections: what rules remember of an address or a session between requests.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::variable::Variable;

/// Where values that outlive a request are kept. Names are in lower case.
pub trait Collections: Send + Sync {
    /// A value that has not expired at `now`.
    fn get(&self, key: &Key<'_>, name: &[u8], now: Duration) -> Option<Vec<u8>>;

    /// Every value of a collection that has not expired.
    fn all(&self, key: &Key<'_>, now: Duration) -> Vec<(Vec<u8>, Vec<u8>)>;

    /// Writes a value, or forgets it. It stays until `expires`, a time on the same scale as `now`.
    fn set(&self, key: &Key<'_>, name: &[u8], value: Option<&[u8]>, expires: Duration);

    /// Changes when a value is forgotten.
    fn expire(&self, key: &Key<'_>, name: &[u8], expires: Duration);
}

/// One collection: `IP` of `203.0.113.7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a> {
    /// `IP`, `GLOBAL`, `SESSION`, `USER` or `RESOURCE`.
    pub kind: Variable,
    /// What it is bound to.
    pub key: &'a [u8],
}

const SHARDS: usize = 32;
/// What a collection and a value take beside their bytes, roughly.
const EACH: usize = 128;
/// Longest key, name and value; what is longer is not kept.
const LONGEST_KEY: usize = 1024;
const LONGEST_NAME: usize = 256;
const LONGEST_VALUE: usize = 4096;

/// Keeps collections in memory, at most so many of them and so many bytes; those that expire first give
/// way.
#[derive(Debug)]
pub struct Memory {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
    /// Collections a shard may hold.
    capacity: usize,
    /// Bytes a shard may hold.
    bytes: usize,
    /// Values a collection may hold.
    values: usize,
}

type Id = (Variable, Vec<u8>);

#[derive(Debug, Default)]
struct Shard {
    all: HashMap<Id, Collection>,
    bytes: usize,
}

type Collection = HashMap<Vec<u8>, Value>;

#[derive(Debug)]
struct Value {
    bytes: Vec<u8>,
    expires: Duration,
}

/// What a value takes under its name.
fn cost(name: &[u8], value: &[u8]) -> usize {
    name.len() + value.len() + EACH
}

impl Shard {
    fn forget(&mut self, id: &Id, name: &[u8]) {
        let Some(own) = self.all.get_mut(id) else {
            return;
        };
        if let Some(value) = own.remove(name) {
            self.bytes -= cost(name, &value.bytes);
        }
        if own.is_empty() {
            self.drop(id);
        }
    }

    fn drop(&mut self, id: &Id) {
        if let Some(own) = self.all.remove(id) {
            let values = own.iter().map(|(name, value)| cost(name, &value.bytes));
            self.bytes -= id.1.len() + EACH + values.sum::<usize>();
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new(100_000, 64, 64 << 20)
    }
}

impl Memory {
    /// Room for `collections`, each of `values` values, that take `bytes` altogether.
    #[must_use]
    pub fn new(collections: usize, values: usize, bytes: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            capacity: collections.div_ceil(SHARDS).max(1),
            bytes: bytes.div_ceil(SHARDS),
            values,
        }
    }

    fn with<T>(&self, key: &Key<'_>, act: impl FnOnce(&mut Shard) -> T) -> Option<T> {
        let hash = self.hasher.hash_one((key.kind, key.key));
        let at = usize::try_from(hash).unwrap_or_default() % SHARDS;
        let shard = self.shards.get(at)?;
        Some(act(&mut shard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)))
    }

    /// Drops what expires first, a sixteenth at once, where there is no room for so much more.
    fn make_room(&self, shard: &mut Shard, more: usize) {
        let fits = |shard: &Shard| {
            shard.all.len() < self.capacity && shard.bytes.saturating_add(more) <= self.bytes
        };
        if fits(shard) {
            return;
        }
        let last = |own: &Collection| own.values().map(|v| v.expires).max().unwrap_or_default();
        let all = shard.all.iter();
        let mut order: Vec<_> = all.map(|(key, own)| (last(own), key.clone())).collect();
        order.sort_by_key(|(expires, _)| *expires);
        let least = shard.all.len() / 16;
        for (at, (_, key)) in order.iter().enumerate() {
            if at >= least && fits(shard) {
                break;
            }
            shard.drop(key);
        }
    }

    /// Tells every value that has not expired, and when it will. Requests wait for one collection at
    /// most, and for a list of those in a shard.
    pub fn each(&self, now: Duration, mut tell: impl FnMut(&Key<'_>, &[u8], &[u8], Duration)) {
        for shard in &self.shards {
            let locked = || shard.lock().unwrap_or_else(PoisonError::into_inner);
            let ids: Vec<Id> = locked().all.keys().cloned().collect();
            for id in ids {
                let held = locked();
                let own = held.all.get(&id).into_iter().flatten();
                let own = own.filter(|(_, value)| value.expires > now);
                let own: Vec<_> = own
                    .map(|(name, value)| (name.clone(), value.bytes.clone(), value.expires))
                    .collect();
                drop(held);
                let key = Key {
                    kind: id.0,
                    key: &id.1,
                };
                for (name, value, expires) in own {
                    tell(&key, &name, &value, expires);
                }
            }
        }
    }
}

impl Collections for Memory {
    fn get(&self, key: &Key<'_>, name: &[u8], now: Duration) -> Option<Vec<u8>> {
        self.with(key, |shard| {
            let value = shard.all.get(&(key.kind, key.key.to_vec()))?.get(name)?;
            (value.expires > now).then(|| value.bytes.clone())
        })?
    }

    fn all(&self, key: &Key<'_>, now: Duration) -> Vec<(Vec<u8>, Vec<u8>)> {
        let found = self.with(key, |shard| {
            let own = shard.all.get(&(key.kind, key.key.to_vec()));
            let mut list: Vec<_> = own
                .into_iter()
                .flatten()
                .filter(|(_, value)| value.expires > now)
                .map(|(name, value)| (name.clone(), value.bytes.clone()))
                .collect();
            list.sort();
            list
        });
        found.unwrap_or_default()
    }

    fn set(&self, key: &Key<'_>, name: &[u8], value: Option<&[u8]>, expires: Duration) {
        if key.key.len() > LONGEST_KEY || name.len() > LONGEST_NAME {
            return;
        }
        let value = value.filter(|value| value.len() <= LONGEST_VALUE);
        self.with(key, |shard| {
            let id = (key.kind, key.key.to_vec());
            let Some(bytes) = value else {
                return shard.forget(&id, name);
            };
            let known = shard.all.get(&id);
            let is_held = known.is_some_and(|own| own.contains_key(name));
            if known.is_some_and(|own| own.len() >= self.values) && !is_held {
                return;
            }
            if is_held {
                shard.forget(&id, name);
            }
            let cost = cost(name, bytes);
            let beside = id.1.len() + EACH;
            if !shard.all.contains_key(&id) {
                self.make_room(shard, cost + beside);
                shard.bytes += beside;
            } else if shard.bytes + cost > self.bytes {
                // It may be this collection that gives way.
                self.make_room(shard, cost + beside);
                if !shard.all.contains_key(&id) {
                    shard.bytes += beside;
                }
            }
            shard.bytes += cost;
            let bytes = bytes.to_vec();
            let own = shard.all.entry(id).or_default();
            own.insert(name.to_vec(), Value { bytes, expires });
        });
    }

    fn expire(&self, key: &Key<'_>, name: &[u8], expires: Duration) {
        self.with(key, |shard| {
            let own = shard.all.get_mut(&(key.kind, key.key.to_vec()));
            if let Some(value) = own.and_then(|own| own.get_mut(name)) {
                value.expires = expires;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IP: Key<'_> = Key {
        kind: Variable::Ip,
        key: b"203.0.113.7",
    };

    #[test]
    fn a_value_is_forgotten_when_it_expires() {
        let own = Memory::default();
        own.set(&IP, b"x", Some(b"1"), Duration::from_secs(10));
        assert_eq!(
            own.get(&IP, b"x", Duration::from_secs(9)),
            Some(b"1".to_vec())
        );
        assert_eq!(own.get(&IP, b"x", Duration::from_secs(10)), None);
        own.expire(&IP, b"x", Duration::from_secs(20));
        assert_eq!(
            own.get(&IP, b"x", Duration::from_secs(10)),
            Some(b"1".to_vec())
        );
    }

    #[test]
    fn a_flood_of_keys_stays_within_the_bound() {
        let own = Memory::new(1000, 4, 1 << 20);
        for n in 0..20_000_u32 {
            let key = Key {
                kind: Variable::Ip,
                key: &n.to_be_bytes(),
            };
            own.set(&key, b"x", Some(b"1"), Duration::from_secs(u64::from(n)));
        }
        let held: usize = own.shards.iter().map(|s| s.lock().unwrap().all.len()).sum();
        assert!(held <= 1000 + SHARDS, "{held}");
        let last = Key {
            kind: Variable::Ip,
            key: &19_999_u32.to_be_bytes(),
        };
        assert!(own.get(&last, b"x", Duration::ZERO).is_some());
    }

    #[test]
    fn a_collection_holds_only_so_many_values() {
        let own = Memory::new(10, 2, 1 << 20);
        for name in [b"a", b"b", b"c"] {
            own.set(&IP, name, Some(b"1"), Duration::from_secs(1));
        }
        assert_eq!(own.all(&IP, Duration::ZERO).len(), 2);
    }

    /// Bytes by the count, and by what is there.
    fn bytes(own: &Memory) -> (usize, usize) {
        let mut counted = 0;
        let mut there = 0;
        for shard in &own.shards {
            let shard = shard.lock().unwrap();
            counted += shard.bytes;
            for ((_, key), values) in &shard.all {
                let values = values.iter();
                let values = values.map(|(name, value)| cost(name, &value.bytes));
                there += key.len() + EACH + values.sum::<usize>();
            }
        }
        (counted, there)
    }

    #[test]
    fn a_flood_of_bytes_stays_within_the_bound() {
        const MOST: usize = 1 << 20;
        let own = Memory::new(100_000, 4, MOST);
        let long = vec![b'x'; LONGEST_VALUE];
        for n in 0..20_000_u32 {
            let key = Key {
                kind: Variable::Ip,
                key: &(n % 5000).to_be_bytes(),
            };
            let name = [b'a' + (n % 7) as u8];
            let length = n as usize * 37 % LONGEST_VALUE;
            let value = (n % 11 != 0).then(|| &long[..length]);
            own.set(&key, &name, value, Duration::from_secs(u64::from(n)));
            assert!(n % 1000 != 0 || bytes(&own).0 == bytes(&own).1);
        }
        let (counted, there) = bytes(&own);
        assert!(counted == there && counted <= MOST && counted > MOST / 2);
    }

    #[test]
    fn what_is_too_long_is_not_kept() {
        let own = Memory::default();
        let far = Duration::from_secs(9);
        own.set(&IP, b"x", Some(b"1"), far);
        own.set(&IP, b"x", Some(&[b'1'; LONGEST_VALUE + 1]), far);
        own.set(&IP, &[b'y'; LONGEST_NAME + 1], Some(b"1"), far);
        let key = Key {
            kind: Variable::Ip,
            key: &[b'k'; LONGEST_KEY + 1],
        };
        own.set(&key, b"x", Some(b"1"), far);
        let mut told = 0;
        own.each(Duration::ZERO, |_, _, _, _| told += 1);
        assert_eq!(told, 0);
        assert_eq!(bytes(&own), (0, 0));
    }

    #[test]
    fn each_value_is_told_once_until_it_expires() {
        let own = Memory::default();
        own.set(&IP, b"a", Some(b"1"), Duration::from_secs(5));
        own.set(&IP, b"b", Some(b"2"), Duration::from_secs(9));
        let mut told = Vec::new();
        own.each(Duration::from_secs(5), |key, name, value, expires| {
            told.push((key.key.to_vec(), name.to_vec(), value.to_vec(), expires));
        });
        let far = Duration::from_secs(9);
        let expected = (b"203.0.113.7".to_vec(), b"b".to_vec(), b"2".to_vec(), far);
        assert_eq!(told, [expected]);
    }
}
