//! A plan that remembers values against one that does not: the same requests, one after the other, and
//! then once more. What the first has seen stays with it from one input to the next.
#![no_main]
#![allow(dead_code, reason = "the tests use more of what is shared")]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use babyshield_waf::source::Memory;
use babyshield_waf::{Limits, Plan, Spec};
use libfuzzer_sys::fuzz_target;

#[path = "../../crates/waf/tests/reference/mod.rs"]
mod reference;
#[path = "../../crates/waf/tests/requests/mod.rs"]
mod requests;
#[path = "../../crates/waf/tests/rulesets/mod.rs"]
mod rulesets;

use reference::planned;
use requests::Random;

/// Rule sets made at random, and at last the built-in rules.
const MADE: u64 = 15;

struct Pair {
    remembers: Arc<Plan>,
    forgets: Arc<Plan>,
}

static PAIRS: LazyLock<Vec<Pair>> = LazyLock::new(|| {
    let limits = Limits { time: Duration::MAX, ..Limits::default() };
    let made = (0..MADE).map(|seed| Spec {
        rules: Vec::new(),
        inline: vec![("made.conf".to_owned(), rulesets::made(&mut Random::of(seed)))],
        limits: limits.clone(),
        ..Spec::default()
    });
    let builtin = Spec { limits: limits.clone(), ..Spec::default() };
    let plan = |spec: &Spec| Plan::compile(spec, &Memory::default()).unwrap().plan;
    let pair = |spec: Spec| Pair {
        remembers: Arc::new(plan(&spec)),
        forgets: Arc::new(plan(&spec).without_shortcuts()),
    };
    made.chain([builtin]).map(pair).collect()
});

fuzz_target!(|input: (u8, Vec<Vec<u8>>)| {
    let (which, wires) = input;
    let Some(pair) = PAIRS.get(usize::from(which) % PAIRS.len()) else {
        return;
    };
    let requests: Vec<_> = wires.iter().take(8).map(|wire| requests::taken_apart(wire)).collect();
    for request in requests.iter().chain(&requests) {
        let own = planned(&pair.remembers, request);
        assert_eq!(own, planned(&pair.forgets, request), "{which}");
    }
});
