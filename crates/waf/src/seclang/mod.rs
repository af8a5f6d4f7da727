//! The rule language as text: [`parse`] turns a file into an [`ast::File`] that keeps every byte,
//! with its place, so that it can be printed back and complained about.
//!
//! What a directive *means* is decided by [`crate::hir`]; here `SecRule` is a word with arguments.

pub mod ast;
mod format;
mod lex;
mod parse;

pub use format::{difference, format};
pub use parse::{ActionText, Prefix, TargetText, actions, parse, targets};
