//! The plan against the naive reading of the rules: the first eight bytes seed a rule set, the
//! rest is a request.
#![no_main]
#![allow(dead_code, reason = "the tests use more of what is shared")]

use std::sync::Arc;
use std::time::Duration;

use babyshield_waf::hir::Input;
use babyshield_waf::source::Memory;
use babyshield_waf::{Limits, Plan, Spec};
use libfuzzer_sys::fuzz_target;

#[path = "../../crates/waf/tests/reference/mod.rs"]
mod reference;
#[path = "../../crates/waf/tests/requests/mod.rs"]
mod requests;
#[path = "../../crates/waf/tests/rulesets/mod.rs"]
mod rulesets;

use reference::{Reference, planned};
use requests::Random;

fuzz_target!(|input: (u64, Vec<u8>)| {
    let (seed, wire) = input;
    // Few rule sets, so that the fuzzer learns about each.
    let text = rulesets::made(&mut Random::of(seed % 64));
    let limits = Limits { time: Duration::MAX, ..Limits::default() };
    let inline = vec![("made.conf".to_owned(), text.clone())];
    let spec = Spec { rules: Vec::new(), inline, limits: limits.clone(), ..Spec::default() };
    let files = Memory::default();
    let Ok(compiled) = Plan::compile(&spec, &files) else {
        panic!("a made rule set does not compile:\n{text}");
    };
    let inputs = [Input::Text("made.conf".to_owned(), text.clone())];
    let reference = Reference::new(&inputs, &files, limits);
    let request = requests::taken_apart(&wire);
    let own = planned(&Arc::new(compiled.plan), &request);
    assert_eq!(own, reference.judge(&request), "{text}");
});
