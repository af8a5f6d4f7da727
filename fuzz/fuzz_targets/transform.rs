//! Every transformation on any bytes: bounded output, and the claim about triggers.
#![no_main]

use babyshield_waf::transform::Transform;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut out = Vec::new();
    for transform in Transform::ALL {
        transform.apply(input, &mut out);
        assert!(out.len() <= input.len() * 6 + 64, "{}", transform.name());
        let triggers = transform.triggers();
        let untouched = !input.is_empty() && !input.iter().any(|byte| triggers.contains(*byte));
        assert!(
            !untouched || out == input,
            "{} changes what it says it leaves",
            transform.name()
        );
    }
});
