//! Typed reading of the tree, with one declaration a key.
//!
//! A section is a function that asks a [`Reader`] for its keys, each with a [`Key`] that says what
//! it is for. Everything else falls out of that asking: a key nobody asked for is unknown, the
//! keys asked for beside it are what it may have been meant to be, and a run over a sample (every
//! section visited once, nothing written) yields the catalogue behind the JSON Schema,
//! `config explain` and the reference.

mod files;
mod key;
mod reader;
mod setting;
mod shape;
mod value;

pub(crate) use key::Key;
pub use key::KeyDoc;
pub(crate) use reader::{Place, Reader, read};
pub use setting::{Origin, Resolved, Setting};
pub use shape::Shape;
pub(crate) use value::{Fault, Show, Text, Value, choice, integer, words};
