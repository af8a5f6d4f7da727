//! What loading rules costs: `cargo run --release -p babyshield-waf --example load -- RULES…`, once, or
//! `ROUNDS=times`. Prints milliseconds, and by how many KiB the memory of the process grew while the
//! rules were loaded and stays after; one round before is kept while the next one loads, as at a reload.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a tool for developers"
)]

use std::path::PathBuf;
use std::time::Instant;

use babyshield_waf::{Plan, Spec, source::Disk};

/// KiB of the process that are in memory.
fn resident() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}

fn main() {
    let mut rules: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    if rules.is_empty() {
        rules.push(PathBuf::from("builtin"));
    }
    let rounds = std::env::var("ROUNDS")
        .ok()
        .and_then(|own| own.parse().ok());
    let spec = Spec {
        rules,
        ..Spec::default()
    };
    let mut kept = None;
    for _ in 0..rounds.unwrap_or(1) {
        let before = resident();
        let began = Instant::now();
        let plan = Plan::compile(&spec, &Disk).unwrap().plan;
        let spent = began.elapsed().as_secs_f64() * 1e3;
        let grown = resident() - before;
        println!("{spent:.0} ms, {grown} KiB; {plan:?}");
        kept = Some(plan);
    }
    drop(kept);
}
