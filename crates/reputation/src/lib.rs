//! What is known of a caller and of what it asks for, before any rule looks at the request:
//! [`addr`] knows networks, [`agent`] knows the names scanners give themselves, [`path`] knows the
//! paths that only attackers ask for.
//!
//! Each is a `Spec` of texts, compiled to an immutable `Plan`, asked with bytes. The built-in lists
//! are data files in `data/`, compiled into the binary; `builtin` in a list stands for them.
//!
//! What this crate does not do: it remembers nobody, asks no service, and takes no decision. A hit
//! says what matched; what follows is for the layer that asked.

pub mod addr;
pub mod agent;
mod data;
pub mod path;
mod pattern;

pub use pattern::Pattern;
