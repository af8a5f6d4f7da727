//! Looks for requests that cost too much: every kind of body, filled with what patterns and parsers
//! may trip over, small and large. `cargo run --release -p babyshield-waf --example worst -- RULES…`
//!
//! Prints CPU milliseconds per megabyte at both sizes, the dearest first. What grows faster than its
//! size, or costs more than 50 ms a megabyte, is a fault.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a tool for developers"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use babyshield_model::ByteSize;
use babyshield_waf::{Connection, Decision, Limits, Plan, Spec, source::Disk};

#[path = "../tests/hostile/mod.rs"]
mod hostile;

use hostile::{Body, FILLINGS, bodies};

/// Nanoseconds this thread has run.
fn cpu() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = text.split(' ').next().unwrap_or_default();
    first.parse().unwrap_or(0)
}

fn cost(plan: &Arc<Plan>, own: &Body) -> (f64, usize) {
    let (kind, body) = (own.kind, &own.text);
    let before = cpu();
    let mut own = plan.begin(Connection {
        client: "203.0.113.7:4000".parse().unwrap(),
        server: "192.0.2.1:80".parse().unwrap(),
    });
    own.watch();
    own.request_line(b"POST", b"/api", b"HTTP/1.1");
    own.request_header(b"Host", b"example.com");
    own.request_header(b"Content-Type", kind.as_bytes());
    own.request_head_end();
    if own.request_body(body.as_bytes()) == Decision::Continue {
        own.request_end();
    }
    let faults = own.finish().faults.len();
    let spent = cpu().saturating_sub(before);
    #[allow(clippy::cast_precision_loss, reason = "milliseconds are enough")]
    let per_megabyte = spent as f64 / body.len() as f64;
    (per_megabyte, faults)
}

fn main() {
    let mut rules: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    if rules.is_empty() {
        rules.push(PathBuf::from("builtin"));
    }
    let spec = Spec {
        rules,
        level: Some(1),
        limits: Limits {
            request_body: ByteSize(64 << 20),
            time: Duration::MAX,
            memory: ByteSize(2 << 30),
            ..Limits::default()
        },
        ..Spec::default()
    };
    let plan = Arc::new(Plan::compile(&spec, &Disk).unwrap().plan);
    let mut all = Vec::new();
    for filling in FILLINGS {
        let small = bodies(filling, 32 << 10);
        let large = bodies(filling, 512 << 10);
        for (little, much) in small.iter().zip(&large) {
            cost(&plan, little);
            let first = cost(&plan, little);
            let second = cost(&plan, much);
            all.push((second.0, first.0, second.1, little.shape, filling));
        }
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    println!("  ms/MB of 512 KiB | of 32 KiB | faults | body | filled with");
    for (much, little, faults, shape, filling) in all.iter().take(60) {
        println!(
            "{much:10.1} {little:10.1} {faults:3} {shape:22} {:?}",
            filling
        );
    }
}
