//! JSON bodies.
#![no_main]

use babyshield_fuzz::Bounded;
use babyshield_waf::body::{Scratch, json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let mut seen = Bounded::default();
    let outcome = json::parse(body, &seen.limits(), &mut Scratch::default(), &mut seen);
    // Escapes only shrink, but a path is told again for each of its values.
    seen.check(body, outcome.err());
});
