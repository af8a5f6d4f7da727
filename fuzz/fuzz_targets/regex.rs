//! Patterns: the first line is a pattern, the rest a value. Compiling and matching end, in bounds,
//! and the quick answer is that of the full search.
#![no_main]

use babyshield_waf::operator::regex::{Captures, Options, Pattern};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let end = input
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(input.len());
    let (pattern, value) = input.split_at(end);
    let value = value.get(1..).unwrap_or_default();
    let options = Options {
        steps: 10_000,
        size: 1 << 20,
        ..Options::default()
    };
    let Ok(pattern) = Pattern::compile(pattern, &options) else {
        return;
    };
    let mut cache = pattern.create_cache();
    let mut found = Captures::default();
    let quick = pattern.is_match(&mut cache, value);
    let full = pattern.captures(&mut cache, value, &mut found);
    if let (Ok(quick), Ok(full)) = (quick, full) {
        assert_eq!(quick, full);
        for group in 0..10 {
            assert!(
                found
                    .get(group)
                    .is_none_or(|span| value.get(span).is_some())
            );
        }
    }
});
