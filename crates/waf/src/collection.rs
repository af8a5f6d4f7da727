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

/// Keeps collections in memory, at most so many of them; the one that expires first gives way.
#[derive(Debug)]
pub struct Memory {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
    /// Collections a shard may hold.
    capacity: usize,
    /// Values a collection may hold.
    values: usize,
}

type Shard = HashMap<(Variable, Vec<u8>), Collection>;
type Collection = HashMap<Vec<u8>, Value>;

#[derive(Debug)]
struct Value {
    bytes: Vec<u8>,
    expires: Duration,
}

impl Default for Memory {
    fn default() -> Self {
        Self::new(100_000, 64)
    }
}

impl Memory {
    /// Room for `collections`, each of `values` values.
    #[must_use]
    pub fn new(collections: usize, values: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            capacity: collections.div_ceil(SHARDS).max(1),
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

    /// Drops what has expired, and if that is not enough, what expires first.
    fn make_room(&self, shard: &mut Shard) {
        if shard.len() < self.capacity {
            return;
        }
        let last = |own: &Collection| own.values().map(|v| v.expires).max().unwrap_or_default();
        let mut order: Vec<_> = shard
            .iter()
            .map(|(key, own)| (last(own), key.clone()))
            .collect();
        order.sort_by_key(|(expires, _)| *expires);
        let surplus = shard.len() - self.capacity + 1;
        for (_, key) in order.into_iter().take(surplus.max(self.capacity / 16)) {
            shard.remove(&key);
        }
    }
}

impl Collections for Memory {
    fn get(&self, key: &Key<'_>, name: &[u8], now: Duration) -> Option<Vec<u8>> {
        self.with(key, |shard| {
            let value = shard.get(&(key.kind, key.key.to_vec()))?.get(name)?;
            (value.expires > now).then(|| value.bytes.clone())
        })?
    }

    fn all(&self, key: &Key<'_>, now: Duration) -> Vec<(Vec<u8>, Vec<u8>)> {
        let found = self.with(key, |shard| {
            let own = shard
                .get(&(key.kind, key.key.to_vec()))
                .into_iter()
                .flatten();
            let mut list: Vec<_> = own
                .filter(|(_, value)| value.expires > now)
                .map(|(name, value)| (name.clone(), value.bytes.clone()))
                .collect();
            list.sort();
            list
        });
        found.unwrap_or_default()
    }

    fn set(&self, key: &Key<'_>, name: &[u8], value: Option<&[u8]>, expires: Duration) {
        self.with(key, |shard| {
            let id = (key.kind, key.key.to_vec());
            let Some(bytes) = value else {
                if let Some(own) = shard.get_mut(&id) {
                    own.remove(name);
                }
                return;
            };
            if !shard.contains_key(&id) {
                self.make_room(shard);
            }
            let own = shard.entry(id).or_default();
            if own.len() < self.values || own.contains_key(name) {
                own.insert(
                    name.to_vec(),
                    Value {
                        bytes: bytes.to_vec(),
                        expires,
                    },
                );
            }
        });
    }

    fn expire(&self, key: &Key<'_>, name: &[u8], expires: Duration) {
        self.with(key, |shard| {
            let own = shard.get_mut(&(key.kind, key.key.to_vec()));
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
        let own = Memory::new(1000, 4);
        for n in 0..20_000_u32 {
            let key = Key {
                kind: Variable::Ip,
                key: &n.to_be_bytes(),
            };
            own.set(&key, b"x", Some(b"1"), Duration::from_secs(u64::from(n)));
        }
        let held: usize = own.shards.iter().map(|s| s.lock().unwrap().len()).sum();
        assert!(held <= 1000 + SHARDS, "{held}");
        let last = Key {
            kind: Variable::Ip,
            key: &19_999_u32.to_be_bytes(),
        };
        assert!(own.get(&last, b"x", Duration::ZERO).is_some());
    }

    #[test]
    fn a_collection_holds_only_so_many_values() {
        let own = Memory::new(10, 2);
        for name in [b"a", b"b", b"c"] {
            own.set(&IP, name, Some(b"1"), Duration::from_secs(1));
        }
        assert_eq!(own.all(&IP, Duration::ZERO).len(), 2);
    }
}
