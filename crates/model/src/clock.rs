use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Wall-clock time in milliseconds since the Unix epoch, UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The one source of time. Engines take it as `&dyn Clock`; only the binary owns a real one.
pub trait Clock: Send + Sync {
    /// Wall-clock time, for records and expiry stamps. It may jump.
    fn now(&self) -> Timestamp;

    /// Time since an arbitrary fixed point, never going back: for intervals and rates.
    fn monotonic(&self) -> Duration;
}

/// A clock that stands still until told to move: for tests and for replay.
#[derive(Debug, Default)]
pub struct ManualClock {
    micros: AtomicU64,
}

impl ManualClock {
    /// A clock that reads `at` on both scales.
    #[must_use]
    pub fn new(at: Duration) -> Self {
        let clock = Self::default();
        clock.advance(at);
        clock
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let micros = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.micros.load(Ordering::Relaxed) / 1000)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.micros.load(Ordering::Relaxed))
    }
}
