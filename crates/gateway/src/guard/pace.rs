use std::time::Duration;

use tokio::time::Instant;

use super::line::Line;

/// What one connection may hold and how slow it may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes of a head.
    pub(crate) head: usize,
    /// Field lines of a head.
    pub(crate) fields: usize,
    /// Time for a head, from its first byte.
    pub(crate) head_time: Duration,
    /// Time between requests.
    pub(crate) idle: Duration,
    /// Time between two pieces of a body.
    pub(crate) body_idle: Duration,
    /// Bytes a second a body must keep up, once `grace` has passed.
    pub(crate) body_rate: u64,
    /// Waiting time a body has free.
    pub(crate) grace: Duration,
    /// Time in which some of a response has to be taken.
    pub(crate) write: Duration,
    /// Time the rest of a refused message is read for.
    pub(crate) linger: Duration,
}

/// How fast the bytes of one connection come.
#[derive(Debug)]
pub(crate) struct Pace {
    /// The last byte came, or the connection began.
    last: Instant,
    /// The current wait began.
    waiting: Option<Instant>,
    /// The current head's first byte came.
    head: Option<Instant>,
    /// Time spent waiting for the current body, and its bytes so far.
    waited: Duration,
    received: u64,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self {
            last: Instant::now(),
            waiting: None,
            head: None,
            waited: Duration::ZERO,
            received: 0,
        }
    }

    /// Bytes came.
    pub(crate) fn read(&mut self, count: usize) {
        self.last = Instant::now();
        self.received += count as u64;
        if let Some(since) = self.waiting.take() {
            self.waited += self.last - since;
        }
    }

    /// A head is complete.
    pub(super) fn message(&mut self) {
        self.head = None;
        self.waiting = None;
        self.waited = Duration::ZERO;
        self.received = 0;
    }

    /// The connection was not idle after all.
    pub(super) fn touch(&mut self) {
        self.last = Instant::now();
    }

    pub(super) fn idle_until(&self, line: &Line, limits: &Limits) -> Instant {
        let since = line.finished().map_or(self.last, |at| at.max(self.last));
        since + limits.idle
    }

    pub(super) fn head_until(&mut self, limits: &Limits) -> Instant {
        *self.head.get_or_insert(self.last) + limits.head_time
    }

    pub(crate) fn body_until(&mut self, limits: &Limits) -> Instant {
        let since = *self.waiting.get_or_insert_with(Instant::now);
        let earned = match limits.body_rate {
            0 => limits.body_idle,
            rate => {
                let millis = self.received.saturating_mul(1000) / rate;
                (limits.grace + Duration::from_millis(millis)).saturating_sub(self.waited)
            }
        };
        since + earned.min(limits.body_idle)
    }
}
