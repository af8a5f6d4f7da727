//! Where it is kept what each key has spent. One module a backend; every backend passes the one
//! suite in `tests/suite`.

pub mod memory;

use std::time::Duration;

use crate::gcra::{Nanos, Rate};

/// One key to be charged one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The key: limit and caller, as [`Plan`](crate::Plan) spells them.
    pub key: Vec<u8>,
    /// The rate it is held to.
    pub rate: Rate,
    /// Set by the store: the arrival time after the charge when all were admitted, and as it was
    /// found otherwise.
    pub arrival: Nanos,
}

/// Remembers what each key has spent.
pub trait Store: Send + Sync {
    /// Charges one request to every key, or to none if one of them refuses; says which it was.
    /// The keys are distinct. `now` may be a little behind what another thread passed.
    fn charge(&self, charges: &mut [Charge], now: Duration) -> bool;
}
