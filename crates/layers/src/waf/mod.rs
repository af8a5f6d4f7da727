//! Shows requests and responses to the rules, and carries out what they decide.
//!
//! The head is judged before anything else happens. A body the rules ask for is read into memory,
//! bounded by the route's limit, by the rules' own and by the [`Budget`](crate::Budget) of all
//! requests together; nothing of it reaches the service behind before the rules let it pass. A
//! response body is held back only when the rules ask for it, and only up to their limit: what is
//! longer passes from there on.
//!
//! In `watch` mode everything is judged and nothing is held against the caller; in `off` mode, and
//! for requests that came without an [`Exchange`](crate::Exchange), the layer does nothing.

mod future;
mod judge;
mod read;
mod service;

pub use future::ResponseFuture;
pub use judge::Judge;
pub use service::{Layer, Plan, Waf};
