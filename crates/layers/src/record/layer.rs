use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use babyshield_model::{Clock, RequestId, Sink};

use super::Record;

/// Makes [`Record`] services.
#[derive(Clone)]
pub struct Layer(pub(super) Arc<Shared>);

pub(super) struct Shared {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) sink: Arc<dyn Sink>,
    keys: RandomState,
    count: AtomicU64,
}

impl Layer {
    /// Records to `sink`, with times from `clock`.
    #[must_use]
    pub fn new(sink: Arc<dyn Sink>, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared {
            clock,
            sink,
            keys: RandomState::new(),
            count: AtomicU64::new(0),
        }))
    }
}

impl Shared {
    /// A fresh id: its random bits are a keyed hash of a counter, different in every process and
    /// not to be guessed from other ids.
    pub(super) fn next_id(&self) -> RequestId {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let low = u128::from(self.keys.hash_one(count));
        let high = u128::from(self.keys.hash_one((count, low as u64)));
        RequestId::new(self.clock.now(), (high << 64) | low)
    }
}

impl<S> tower::Layer<S> for Layer {
    type Service = Record<S>;

    fn layer(&self, inner: S) -> Record<S> {
        Record::new(inner, Arc::clone(&self.0))
    }
}
