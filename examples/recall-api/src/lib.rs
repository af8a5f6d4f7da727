//! A small API over baby-product recalls, as a team of three would write it: search, products,
//! incident reports, login, an admin list. It is what BabyShield stands in front of in the
//! examples and in the scanner runs.
//!
//! Three of its endpoints are **vulnerable on purpose** (see the README): the `category` filter
//! of the search is pasted into SQL, `/search` reflects its query into HTML, and `/v1/files`
//! follows `..`. The harm stays inside this process: the database lives in memory, the files are
//! a table in [`files`], and the binary listens on loopback only.
//!
//! Start with [`router`].

mod error;
pub mod files;
mod page;
mod routes;
mod seed;
mod store;

pub use error::Error;
pub use routes::router;
pub use store::Store;
