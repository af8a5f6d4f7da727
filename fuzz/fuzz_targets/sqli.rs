//! `@detectSQLi`: its verdict is that of libinjection's port to Rust, fingerprint and all.
#![no_main]

use babyshield_waf::operator::inject;
use libfuzzer_sys::fuzz_target;
use libinjectionrs::{SqliFlags, SqliState};

fuzz_target!(|value: &[u8]| {
    let mut state = SqliState::new(value, SqliFlags::FLAG_NONE);
    let theirs = state.detect().then(|| {
        let letters = state.fingerprint.split(|letter| *letter == 0).next();
        letters.unwrap_or_default().to_vec()
    });
    let ours = inject::sqli(value).map(|own| own.as_bytes().to_vec());
    assert_eq!(ours, theirs);
});
