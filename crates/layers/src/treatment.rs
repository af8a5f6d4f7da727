use std::sync::Arc;

use babyshield_limit::LimitId;
use babyshield_model::Mode;

/// What the route of a request asks of the layers behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Treatment {
    /// The route as written in the policy; `None` where none matched.
    pub route: Option<Arc<str>>,
    /// The mode in force.
    pub mode: Mode,
    /// The limits that count this request by its head.
    pub limits: Arc<[LimitId]>,
    /// The limits that count it by a field of its body, which then has to be read first.
    pub body_limits: Arc<[LimitId]>,
    /// Longest request body that passes, in bytes.
    pub body: u64,
    /// Whether bodies pass through as they come, without being inspected.
    pub stream: bool,
}

impl Default for Treatment {
    fn default() -> Self {
        Self {
            route: None,
            mode: Mode::default(),
            limits: Arc::default(),
            body_limits: Arc::default(),
            body: 10_000_000,
            stream: false,
        }
    }
}
