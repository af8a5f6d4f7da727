//! Texts that are made of other texts: JSON in a parameter, URLs in URLs, forms in cookies.
//!
//! Such a text is taken apart, and the detectors look at its parts: quotes, ampersands and braces of the
//! outer language then mean nothing to them. Every byte that can hold an attack is in some part; a text
//! that is not wholly of the form is not taken apart at all.

pub(crate) mod json;
pub(crate) mod pairs;
pub(crate) mod url;

use std::ops::Range;

/// A part of a text, by its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Of the field it belongs to; empty where there is none.
    pub(crate) name: Range<usize>,
    pub(crate) text: Range<usize>,
    pub(crate) kind: Kind,
}

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A string of JSON, without its quotes.
    Value,
    /// A key of JSON, without its quotes.
    Key,
    /// A path.
    Path,
    /// A field of a form or of a query.
    Field,
}

/// The most parts of one text; what has more is looked at as a whole.
pub(crate) const MOST: usize = 2048;

#[cfg(test)]
mod tests;
