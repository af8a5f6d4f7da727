//! Which detectors look at a value, and through which decodings.

use crate::context::Context;
use crate::detector::{Class, Evidence, Input};

/// Looks at values with all detectors.
#[derive(Debug, Default)]
pub struct Scanner {}

impl Scanner {
    /// A scanner over all detectors.
    #[must_use]
    pub fn new() -> Self {
        Self {}
    }

    /// What the detectors say of one text, as it is.
    #[must_use]
    pub fn scan(&self, text: &[u8], context: Context<'_>) -> Vec<(Class, Evidence)> {
        let input = Input {
            text,
            context,
            depth: 0,
        };
        crate::DETECTORS
            .iter()
            .filter_map(|own| (own.detect)(&input).map(|found| (own.class, found)))
            .collect()
    }
}
