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
    /// Bytes a second a body must keep up, but for `grace`.
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
    /// Waiting time the current body has left; `None` before its first wait. Bytes earn it back,
    /// but never beyond `grace`: nobody sends fast first to be slow for hours.
    allowance: Option<Duration>,
    /// Bytes that have not earned anything yet.
    fresh: u64,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self {
            last: Instant::now(),
            waiting: None,
            head: None,
            allowance: None,
            fresh: 0,
        }
    }

    /// Bytes came.
    pub(crate) fn read(&mut self, count: usize) {
        self.last = Instant::now();
        self.fresh = self.fresh.saturating_add(count as u64);
        if let (Some(since), Some(allowance)) = (self.waiting.take(), &mut self.allowance) {
            *allowance = allowance.saturating_sub(self.last - since);
        }
    }

    /// A head is complete.
    pub(super) fn message(&mut self) {
        self.head = None;
        self.waiting = None;
        self.allowance = None;
        self.fresh = 0;
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
        if limits.body_rate == 0 {
            return since + limits.body_idle;
        }
        let millis = std::mem::take(&mut self.fresh).saturating_mul(1000) / limits.body_rate;
        let before = self.allowance.unwrap_or(limits.grace);
        let earned = before.saturating_add(Duration::from_millis(millis));
        let allowance = earned.min(limits.grace);
        self.allowance = Some(allowance);
        since + allowance.min(limits.body_idle)
    }
}
