//! The generic cell rate algorithm (ITU-T I.371, annex A), in its virtual-scheduling form.
//!
//! One number is remembered for each key: the *theoretical arrival time*, the moment at which
//! everything spent will have been restored. A request moves it one emission interval on, and is
//! refused when that would carry it further ahead than the burst allows. A time in the past is the
//! same as no memory at all, which is what lets a store forget.

use std::time::Duration;

use crate::Quota;

/// Nanoseconds since the clock's fixed point. 584 years fit.
pub type Nanos = u64;

/// A quota made ready for arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    emission: Nanos,
    capacity: Nanos,
    burst: u32,
}

/// What one request does to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It may pass, and this is the arrival time to remember.
    Admit(Nanos),
    /// It may not; it may after this long.
    Refuse(Nanos),
}

/// The longest a full burst may take to be restored: a hundred years.
const HORIZON: Nanos = 100 * 365 * 86_400 * 1_000_000_000;

impl Rate {
    /// Makes a quota ready; `None` when it allows nothing at all, has no period, or would take
    /// more than a hundred years to restore.
    #[must_use]
    pub fn new(quota: Quota, burst: u32) -> Option<Self> {
        let period = u64::try_from(quota.period.as_nanos()).ok()?;
        if quota.count == 0 || period == 0 || burst == 0 {
            return None;
        }
        // Rounded up: the error is in the limit's favour.
        let emission = period.div_ceil(u64::from(quota.count));
        let capacity = emission.checked_mul(u64::from(burst))?;
        (capacity <= HORIZON).then_some(Self {
            emission,
            capacity,
            burst,
        })
    }

    /// Requests that may come at once.
    #[must_use]
    pub fn burst(&self) -> u32 {
        self.burst
    }

    /// How far ahead of now an arrival time may lie: the time a full burst takes to be restored.
    #[must_use]
    pub fn capacity(&self) -> Nanos {
        self.capacity
    }

    /// Time that one request costs.
    #[must_use]
    pub fn emission(&self) -> Nanos {
        self.emission
    }

    /// Judges one request at `now` by the remembered arrival time, 0 for none.
    #[must_use]
    pub fn step(&self, arrival: Nanos, now: Nanos) -> Step {
        let next = arrival.max(now).saturating_add(self.emission);
        match next.saturating_sub(now.saturating_add(self.capacity)) {
            0 => Step::Admit(next),
            wait => Step::Refuse(wait),
        }
    }

    /// Requests that would pass at `now`.
    #[must_use]
    pub fn remaining(&self, arrival: Nanos, now: Nanos) -> u32 {
        let free = self.capacity.saturating_sub(arrival.saturating_sub(now));
        u32::try_from(free / self.emission).unwrap_or(u32::MAX)
    }
}

/// A duration as nanoseconds, saturating.
#[must_use]
pub fn nanos(time: Duration) -> Nanos {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
