//! `@detectSQLi` and `@detectXSS`, decided by libinjection.

mod plain;

use libinjectionrs::{SqliFlags, SqliState, XssDetector};

/// The token pattern by which an SQL injection was recognised, such as `s&1c`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    bytes: [u8; 8],
    length: u8,
}

impl Fingerprint {
    /// The token letters.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }
}

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}", self.as_bytes().escape_ascii())
    }
}

/// Whether the value reads as SQL once it is put into a statement, bare or inside quotes.
#[must_use]
pub fn sqli(value: &[u8]) -> Option<Fingerprint> {
    if plain::is_harmless(value) {
        return None;
    }
    let mut state = SqliState::new(value, SqliFlags::FLAG_NONE);
    if !state.detect() {
        return None;
    }
    let bytes = state.fingerprint;
    let length = bytes
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(bytes.len());
    Some(Fingerprint {
        bytes,
        length: length as u8,
    })
}

/// Whether the value can make a browser run a script, in any of the places of an HTML page.
#[must_use]
pub fn xss(value: &[u8]) -> bool {
    XssDetector::new().detect(value).is_injection()
}
