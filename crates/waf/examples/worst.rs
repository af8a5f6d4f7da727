//! Looks for requests that cost too much: every kind of request, filled with what patterns and parsers
//! may trip over, small and large. `cargo run --release -p babyshield-waf --example worst -- RULES…`;
//! `SHAPE=text` and `FILLING=text` look at those alone, `LARGE=bytes` sets the larger size, and
//! `REPEAT=times` runs each so often, for a profiler, and `BEHIND=file` puts a text before each filling: words
//! that wake rules, which then look at all of it.
//!
//! Prints CPU milliseconds per megabyte at both sizes, the dearest first, beside the two milliseconds
//! that any request may cost: with as many values as there may be, or a head of many fields. What grows
//! faster than its size, or costs more than 50 ms a megabyte, is a fault.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a tool for developers"
)]

use std::path::PathBuf;
use std::sync::Arc;

use babyshield_waf::{Plan, Spec, source::Disk};

#[path = "../tests/hostile/mod.rs"]
mod hostile;

use hostile::{FILLINGS, Hostile, behind, requests};

const SMALL: usize = 32 << 10;
const LARGE: usize = 512 << 10;
/// Milliseconds that any request may cost.
const ANY: f64 = 2.0;
/// So many are listed.
const LISTED: usize = 400;

/// Milliseconds, and how many faults were told.
fn once(plan: &Arc<Plan>, own: &Hostile) -> (f64, usize) {
    let cost = hostile::cost(plan, own);
    #[allow(clippy::cast_precision_loss, reason = "milliseconds are enough")]
    let spent = cost.nanoseconds as f64 / 1e6;
    (spent, cost.faults)
}

/// Milliseconds per megabyte, beside what any request may cost.
fn cost(plan: &Arc<Plan>, own: &Hostile) -> (f64, usize) {
    let (mut spent, faults) = once(plan, own);
    // What the rest of the machine does disturbs.
    #[allow(clippy::cast_precision_loss, reason = "milliseconds are enough")]
    let megabytes = own.len() as f64 / f64::from(1 << 20);
    for _ in 0..2 {
        if spent > ANY + 25.0 * megabytes {
            spent = spent.min(once(plan, own).0);
        }
    }
    ((spent - ANY).max(0.0) / megabytes, faults)
}

fn main() {
    let mut rules: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    if rules.is_empty() {
        rules.push(PathBuf::from("builtin"));
    }
    let shape = std::env::var("SHAPE").unwrap_or_default();
    let filled = std::env::var("FILLING").ok();
    let before = std::env::var("BEHIND").map(|file| std::fs::read_to_string(file).unwrap());
    let before = before.unwrap_or_default();
    let number = |name: &str| std::env::var(name).ok().and_then(|own| own.parse().ok());
    let large = number("LARGE").unwrap_or(LARGE);
    let repeat = number("REPEAT").unwrap_or(0);
    let spec = Spec {
        rules,
        level: Some(1),
        limits: hostile::unbounded(),
        ..Spec::default()
    };
    let plan = Arc::new(Plan::compile(&spec, &Disk).unwrap().plan);
    let nothing = &requests("a", 1)[0];
    let least = (0..50).map(|_| once(&plan, nothing).0);
    let least = least.fold(f64::MAX, f64::min);
    println!("a request of nothing: {least:.3} ms");
    let mut all = Vec::new();
    for filling in FILLINGS {
        if filled.as_ref().is_some_and(|own| own != filling) {
            continue;
        }
        let small = behind(&before, filling, SMALL);
        for (little, much) in small.iter().zip(&behind(&before, filling, large)) {
            if !little.shape.contains(&shape) {
                continue;
            }
            for _ in 0..repeat {
                once(&plan, much);
            }
            let first = cost(&plan, little);
            let second = cost(&plan, much);
            all.push((second.0.max(first.0), second, first, little.shape, filling));
        }
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    let over = all.iter().filter(|own| own.0 > 50.0).count();
    println!("{over} of {} cost more than 50 ms/MB", all.len());
    println!("  ms/MB large | small | faults | request | filled with");
    for (_, (much, faults), (little, _), shape, filling) in all.iter().take(LISTED) {
        println!("{much:10.1} {little:10.1} {faults:3} {shape:26} {filling:?}");
    }
}
