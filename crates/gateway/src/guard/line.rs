use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::task::Waker;
use std::time::Duration;

use babyshield_layers::{Head, Refusal};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::admission::Permit;

/// What the guard of a connection and the requests served on it tell each other.
#[derive(Clone, Debug)]
pub(crate) struct Line(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Heads the HTTP implementation has or is about to get, in their order on the wire.
    heads: Mutex<VecDeque<Arrived>>,
    fault: Mutex<Option<Refusal>>,
    waker: Mutex<Option<Waker>>,
    upgrade: AtomicU8,
    busy: AtomicUsize,
    began: Instant,
    /// Milliseconds after `began` at which the last request was answered, plus one.
    finished: AtomicU64,
    /// Counts the connection for as long as anybody holds an end of it.
    _permit: Permit,
}

/// A head as it came, and why it is refused, if it is.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) head: Head,
    pub(crate) refused: Option<Refusal>,
    /// It asks for another protocol: what comes of it has to be settled.
    pub(crate) upgrade: bool,
}

impl Arrived {
    pub(super) fn accepted(head: Head, upgrade: bool) -> Self {
        Self {
            head,
            refused: None,
            upgrade,
        }
    }

    pub(super) fn refused(head: Head, refusal: Refusal) -> Self {
        Self {
            head,
            refused: Some(refusal),
            upgrade: false,
        }
    }
}

const OPEN: u8 = 0;
const TAKEN: u8 = 1;
const DECLINED: u8 = 2;

impl Line {
    pub(crate) fn new(permit: Permit) -> Self {
        Self(Arc::new(Shared {
            heads: Mutex::default(),
            fault: Mutex::default(),
            waker: Mutex::default(),
            upgrade: AtomicU8::new(OPEN),
            busy: AtomicUsize::new(0),
            began: Instant::now(),
            finished: AtomicU64::new(0),
            _permit: permit,
        }))
    }

    pub(super) fn push(&self, arrived: Arrived) {
        self.0.heads.lock().push_back(arrived);
    }

    /// The head of the request that is served next.
    pub(crate) fn next(&self) -> Option<Arrived> {
        self.0.heads.lock().pop_front()
    }

    pub(super) fn fail(&self, refusal: Refusal) {
        *self.0.fault.lock() = Some(refusal);
    }

    /// Why the current body broke off, if the guard broke it off.
    pub(crate) fn fault(&self) -> Option<Refusal> {
        self.0.fault.lock().take()
    }

    /// Settles an upgrade that was asked for: from here on a tunnel, or HTTP as before.
    pub(crate) fn settle(&self, taken: bool) {
        let value = if taken { TAKEN } else { DECLINED };
        self.0.upgrade.store(value, Ordering::Release);
        if let Some(waker) = self.0.waker.lock().take() {
            waker.wake();
        }
    }

    /// How the upgrade was settled, if it was; asked once.
    pub(super) fn settled(&self) -> Option<bool> {
        match self.0.upgrade.load(Ordering::Acquire) {
            OPEN => None,
            TAKEN => Some(true),
            _ => {
                self.0.upgrade.store(OPEN, Ordering::Release);
                Some(false)
            }
        }
    }

    /// Whether the upgrade is not settled yet.
    pub(super) fn is_open(&self) -> bool {
        self.0.upgrade.load(Ordering::Acquire) == OPEN
    }

    pub(super) fn wait(&self, waker: &Waker) {
        *self.0.waker.lock() = Some(waker.clone());
    }

    /// Marks a request as being served until the value is dropped.
    pub(crate) fn busy(&self) -> Busy {
        self.0.busy.fetch_add(1, Ordering::Relaxed);
        Busy(self.clone())
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.0.busy.load(Ordering::Relaxed) > 0
    }

    /// When the last request was answered.
    pub(crate) fn finished(&self) -> Option<Instant> {
        let after = self.0.finished.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.0.began + Duration::from_millis(after))
    }

    /// When the connection began.
    pub(crate) fn began(&self) -> Instant {
        self.0.began
    }
}

/// A request being served.
#[derive(Debug)]
pub(crate) struct Busy(Line);

impl Drop for Busy {
    fn drop(&mut self) {
        let shared = &self.0.0;
        let after = shared.began.elapsed().as_millis();
        let after = u64::try_from(after).unwrap_or(u64::MAX - 1);
        shared.finished.store(after + 1, Ordering::Relaxed);
        shared.busy.fetch_sub(1, Ordering::Relaxed);
    }
}
