use std::ops::Deref;

use babyshield_model::Span;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It stands in the policy file.
    Written(Span),
    /// The file does not say; this is the default.
    Default,
}

/// A value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value in force.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> Setting<T> {
    pub(crate) fn default(value: T) -> Self {
        Self {
            value,
            origin: Origin::Default,
        }
    }

    pub(crate) fn written(value: T, span: Span) -> Self {
        Self {
            value,
            origin: Origin::Written(span),
        }
    }

    /// Its place in the file, if it is written there.
    #[must_use]
    pub fn span(&self) -> Option<&Span> {
        match &self.origin {
            Origin::Written(span) => Some(span),
            Origin::Default => None,
        }
    }

    pub(crate) fn map<U>(self, to: impl FnOnce(T) -> U) -> Setting<U> {
        Setting {
            value: to(self.value),
            origin: self.origin,
        }
    }
}

impl<T> Deref for Setting<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// One line of `config effective`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The full path, lists counted from 0: `route[0].match`.
    pub path: String,
    /// The value in force, as TOML.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
    /// The path of the key that holds when this one is absent.
    pub inherits: Option<&'static str>,
}
