use std::sync::Arc;
use std::time::Duration;

/// What was decided, seen from the tightest of the limits that applied: the one that refuses for
/// longest, or else the one with the fewest requests left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the request may pass. If not, nothing was spent from any limit.
    pub allowed: bool,
    /// The limit's name.
    pub name: Arc<str>,
    /// Requests that may come at once: `limit` in the `RateLimit` fields.
    pub limit: u32,
    /// The quota's period: `w` of `RateLimit-Policy`.
    pub window: Duration,
    /// Requests left now.
    pub remaining: u32,
    /// Time until everything spent is restored, if nothing more is asked for.
    pub reset: Duration,
    /// How long to wait for the next request to pass; only when refused, and then above zero.
    pub retry_after: Option<Duration>,
}
