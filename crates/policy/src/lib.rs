//! The one policy document: load, check, compile, explain, replay, test.
//!
//! A policy is one TOML file. [`Document`] is that file as read: a [`spec::Spec`], what is wrong
//! with it, and where every value came from. What the keys are is said once, where they are read
//! (`spec/*.rs`), and [`catalogue`] is gathered from there.

pub mod catalogue;
mod check;
mod compile;
mod document;
pub mod edit;
pub mod effective;
pub mod exclude;
pub mod ftw;
pub mod kind;
mod read;
pub mod replay;
pub mod spec;
mod tree;

pub use compile::Policy;
pub use document::{Document, is_faulty};
pub use read::{KeyDoc, Origin, Resolved, Setting, Shape};
