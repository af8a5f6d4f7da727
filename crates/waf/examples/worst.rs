//! Looks for requests that cost too much: every kind of request, filled with what patterns and parsers
//! may trip over, small and large. `cargo run --release -p babyshield-waf --example worst -- RULES…`;
//! `SHAPE=text` and `FILLING=text` look at those alone, `LARGE=bytes` sets the larger size, and
//! `REPEAT=times` runs each so often, for a profiler, and `BEHIND=file` puts a text before each filling: words
//! that wake rules, which then look at all of it. `LISTED=count` lists so many. `FROM=folder` fills with the
//! texts of a folder's files instead: with what is meant well, the same tool says how far it is from any limit.
//!
//! Prints CPU milliseconds per megabyte at both sizes, the dearest first, beside the two milliseconds
//! that any request may cost: with as many values as there may be, or a head of many fields. What grows
//! faster than its size, or costs more than 50 ms a megabyte, is a fault. Behind them the steps counted for
//! each byte of the larger one, and the nanoseconds that each of them took.
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

use hostile::{Cost, FILLINGS, Hostile, behind, requests};

const SMALL: usize = 32 << 10;
const LARGE: usize = 512 << 10;
/// Milliseconds that any request may cost.
const ANY: f64 = 2.0;
/// So many are listed.
const LISTED: usize = 400;

/// What a request has cost.
#[derive(Clone, Copy)]
struct Spent {
    /// Milliseconds per megabyte, beside what any request may cost.
    rate: f64,
    /// How many faults were told.
    faults: usize,
    /// Steps for each byte.
    steps: f64,
    /// Nanoseconds of a step.
    each: f64,
}

fn milliseconds(cost: &Cost) -> f64 {
    number(cost.nanoseconds) / 1e6
}

#[allow(clippy::cast_precision_loss, reason = "nobody needs more")]
fn number(own: u64) -> f64 {
    own as f64
}

fn cost(plan: &Arc<Plan>, own: &Hostile) -> Spent {
    let first = hostile::cost(plan, own);
    let mut spent = milliseconds(&first);
    // What the rest of the machine does disturbs.
    let bytes = number(own.len() as u64);
    let megabytes = bytes / f64::from(1 << 20);
    for _ in 0..2 {
        if spent > ANY + 25.0 * megabytes {
            spent = spent.min(milliseconds(&hostile::cost(plan, own)));
        }
    }
    let steps = number(first.steps as u64);
    Spent {
        rate: (spent - ANY).max(0.0) / megabytes,
        faults: first.faults,
        steps: steps / bytes,
        each: spent * 1e6 / steps,
    }
}

/// What requests are filled with, and what it is called.
fn fillings() -> Vec<(String, String)> {
    let Some(folder) = std::env::var_os("FROM") else {
        let own = |text: &&str| ((*text).to_owned(), (*text).to_owned());
        return FILLINGS.iter().map(own).collect();
    };
    let files = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = files.map(|own| own.unwrap().path()).collect();
    files.sort();
    let text = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    files.into_iter().map(text).collect()
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
    let given = |name: &str| std::env::var(name).ok().and_then(|own| own.parse().ok());
    let large = given("LARGE").unwrap_or(LARGE);
    let repeat = given("REPEAT").unwrap_or(0);
    let listed = given("LISTED").unwrap_or(LISTED);
    let spec = Spec {
        rules,
        level: Some(1),
        limits: hostile::unbounded(),
        ..Spec::default()
    };
    let plan = Arc::new(Plan::compile(&spec, &Disk).unwrap().plan);
    let nothing = &requests("a", 1)[0];
    let least = (0..50).map(|_| milliseconds(&hostile::cost(&plan, nothing)));
    let least = least.fold(f64::MAX, f64::min);
    println!("a request of nothing: {least:.3} ms");
    let mut all = Vec::new();
    let fillings = fillings();
    for (named, filling) in &fillings {
        if filled.as_ref().is_some_and(|own| own != named) {
            continue;
        }
        let small = behind(&before, filling, SMALL);
        for (little, much) in small.iter().zip(&behind(&before, filling, large)) {
            if !little.shape.contains(&shape) {
                continue;
            }
            for _ in 0..repeat {
                hostile::cost(&plan, much);
            }
            let first = cost(&plan, little);
            let second = cost(&plan, much);
            all.push((
                second.rate.max(first.rate),
                second,
                first,
                little.shape,
                named,
            ));
        }
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    let over = all.iter().filter(|own| own.0 > 50.0).count();
    println!("{over} of {} cost more than 50 ms/MB", all.len());
    println!("  ms/MB large | small | faults | steps/byte | ns/step | request | filled with");
    for (_, much, little, shape, filling) in all.iter().take(listed) {
        println!(
            "{:10.1} {:10.1} {:3} {:8.0} {:6.2} {shape:26} {filling:?}",
            much.rate, little.rate, much.faults, much.steps, much.each
        );
    }
}
