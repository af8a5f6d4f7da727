//! Multipart bodies: the first line is the content type.
#![no_main]

use babyshield_fuzz::Bounded;
use babyshield_waf::body::{Scratch, multipart};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let end = input
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(input.len());
    let (content_type, body) = input.split_at(end);
    let body = body.get(1..).unwrap_or_default();
    let mut seen = Bounded::default();
    let outcome = multipart::parse(
        content_type,
        body,
        &seen.limits(),
        &mut Scratch::default(),
        &mut seen,
    );
    seen.check(body, outcome.fault);
});
