//! How much a key may do: quotas in words, decided by GCRA over bounded stores.
//!
//! A [`Spec`] names the limits (`login = "5/min per ip + body.email"`), [`Plan::compile`] proves
//! them, and [`Plan::check`] spends one request from all limits that apply to it, or from none.
//! What has been spent lives in a [`Store`], which outlives the plan, so that a reloaded policy
//! forgives nobody.
//!
//! What this crate does not do: it reads no request (the caller answers for it as a [`Subject`]),
//! it knows no wall clock (time is a [`Duration`](std::time::Duration) that never goes back), and
//! it sends no answer (a [`Decision`] has what the `RateLimit` fields and `Retry-After` need).
//!
//! Start with [`Limit::parse`] for the language, [`gcra`] for the arithmetic, and
//! [`store::memory`] for what happens under a flood of addresses.

mod decision;
pub mod gcra;
mod parse;
mod plan;
mod spec;
pub mod store;
mod subject;

pub use decision::Decision;
pub use plan::{LimitId, Plan};
pub use spec::{Bounds, Limit, Part, Quota, Spec};
pub use store::{Charge, Store};
pub use subject::Subject;
