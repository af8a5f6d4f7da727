//! Semantic detectors: for each class of attack, a function that *reads* the input as the attacked
//! language would, instead of looking for words.
//!
//! - A [`Detector`] is a pure function from bytes to [`Evidence`], in linear time and without
//!   allocating. It sees one decoded text and the [`Context`] it stands in.
//! - [`Scanner`] decides which detectors have anything to look at (most values have nothing), searches
//!   the decodings an application would apply, and keeps what was found with the chain of decodings.
//!
//! This crate knows no HTTP, no rules and no policy: `babyshield-waf` calls it through the operator
//! `@detect`. Start with [`Scanner::scan`]; a new detector is a module with a `DETECTOR` and one line in
//! [`DETECTORS`].

mod chain;
pub mod context;
mod decode;
pub mod detector;
pub mod finder;
mod parts;
mod phrases;
mod prefix;
mod prose;
mod scan;
mod seek;
pub mod set;
pub mod text;

// queries
mod cursor;
mod ldap;
mod nosql;
mod sql;
mod xpath;

// browsers and markup
mod html;
mod idiom;
mod include;
mod template;
mod xml;

// servers
mod authority;
mod code;
mod deserialize;
mod graphql;
mod header;
mod mail;
mod path;
mod prompt;
mod prototype;
mod redirect;
mod shell;
mod ssrf;
mod starts;
mod upload;

pub use chain::{Chain, Step};
pub use context::{Context, Field, Place};
pub use detector::{Class, Confidence, Detector, Evidence, Input};
pub use scan::{Allowance, Found, Known, Scanner, Scratch};

/// Every detector there is, in the order of [`Class::ALL`].
pub static DETECTORS: &[&Detector] = &[
    // queries
    &sql::DETECTOR,
    &nosql::DETECTOR,
    &ldap::DETECTOR,
    &xpath::DETECTOR,
    // browsers and markup: html include xml template
    &html::DETECTOR,
    &include::DETECTOR,
    &xml::DETECTOR,
    &template::DETECTOR,
    // servers
    &shell::DETECTOR,
    &path::DETECTOR,
    &ssrf::DETECTOR,
    &code::DETECTOR,
    &deserialize::DETECTOR,
    &header::DETECTOR,
    &redirect::DETECTOR,
    &graphql::DETECTOR,
    &prompt::DETECTOR,
    &mail::DETECTOR,
    &prototype::DETECTOR,
    &upload::DETECTOR,
];
