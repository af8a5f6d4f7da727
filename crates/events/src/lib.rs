//! What happened: every decision as one event, stored, counted, explained.
//!
//! A [`Store`] is a [`babyshield_model::Sink`]: the request path hands it events and never waits.
//! Behind it one thread writes batches into SQLite, feeds live subscribers, the log and the
//! [`Metrics`]. A [`Reader`] asks the file, from this process or another one (`babyshield why`).
//!
//! What is kept, given that an attacker decides how much happens:
//!
//! - every request is counted, exactly, by minute, verdict, layer, status class and route;
//! - every block, limit, challenge, refusal and every allowed request with findings is kept in
//!   full, until age or size make room; over the size limit plain requests go first, then those
//!   over a rate limit, then the rest, oldest first;
//! - of allowed requests without findings only [`Spec::plain_rate`] a second are kept in full,
//!   and only the latest [`Spec::plain_kept`].
//!
//! When the disk takes nothing, requests go on: the latest events stay readable in memory, as
//! many as the queue may hold wait, the rest are counted as dropped, and writing resumes by
//! itself. There is no network, no HTTP and no policy in this crate.

mod counters;
mod database;
mod error;
mod fix;
mod journal;
pub mod metrics;
pub mod query;
mod queue;
#[cfg(test)]
mod sample;
mod spec;
mod store;
mod why;
mod writer;

pub use error::{Error, Fault};
pub use fix::{Fix, fixes};
pub use metrics::Metrics;
pub use query::{Cursor, Entry, Filter, Page, Reader};
pub use spec::Spec;
pub use store::{Health, Status, Store};
pub use why::{is_summary, why};
