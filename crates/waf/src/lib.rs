//! The SecLang engine: rules as text become a plan, a plan decides transactions.
//!
//! Three stages, as everywhere in the house: a [`Spec`] says which rules and limits, [`Plan::compile`]
//! proves them, a [`Transaction`] is one request as it happens. No sockets, no wall clock.

pub mod audit;
pub mod body;
pub mod builtin;
pub mod byteset;
pub mod collection;
pub mod explain;
pub mod hir;
pub mod operator;
mod plan;
pub mod seclang;
pub mod source;
mod spec;
mod transaction;
pub mod transform;
pub mod variable;

pub use plan::{Description, Explained, Plan, Size, Wakes};
pub use source::Files;
pub use spec::{Compiled, Exclusion, Limits, Spec};
pub use transaction::{
    Action, Connection, Decision, Interruption, Outcome, Skip, Step, Steps, Transaction, Watcher,
};
