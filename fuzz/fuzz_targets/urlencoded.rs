//! Form bodies and query strings, and cookies.
#![no_main]

use babyshield_fuzz::Bounded;
use babyshield_waf::body::{Scratch, cookies, urlencoded};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let mut seen = Bounded::default();
    let outcome = urlencoded::parse(
        body,
        b'&',
        &seen.limits(),
        &mut Scratch::default(),
        &mut seen,
    );
    seen.check(body, outcome.fault);
    assert!(seen.bytes <= body.len(), "decoding makes nothing longer");
    let cookies: usize = cookies::parse(body)
        .map(|(name, value)| name.len() + value.len())
        .sum();
    assert!(cookies <= body.len());
});
