//! The SecLang engine: rules as text become a plan, a plan decides transactions.
//!
//! Three stages, as everywhere in the house: a [`Spec`] says which rules and limits, [`Plan::compile`]
//! proves them, a [`Transaction`] is one request as it happens. No sockets, no wall clock.

pub mod body;
pub mod byteset;
pub mod operator;
pub mod source;
mod spec;
mod transaction_api;
pub mod transform;

pub use source::Files;
pub use spec::{Compiled, Limits, Spec};
pub use transaction_api::{Action, Connection, Decision, Interruption, Outcome, Plan, Transaction};
