//! What a decision of the built-in rules costs on the benign corpus, for whoever makes it cheaper:
//! `cargo run --profile tune -p babyshield-evaluate --example everyday -- COUNT WARM` judges WARM requests that
//! warm up, and then COUNT others. Prints microseconds of the processor; time tells little on a busy machine.
//! Under `valgrind --tool=callgrind --toggle-collect='*everyday::measured*'`, with `UNTIMED=1`, the
//! instructions of the COUNT alone are counted.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a tool for developers"
)]

use std::path::PathBuf;
use std::sync::Arc;

use babyshield_corpus::{Corpus, Message, REPORTED};
use babyshield_evaluate::decide::decide;
use babyshield_waf::source::Disk;
use babyshield_waf::{Plan, Spec};
use rustix::time::{ClockId, clock_gettime};

/// A decision, under a name that a profiler can tell from the warm-up.
#[inline(never)]
fn measured(plan: &Arc<Plan>, message: &Message) -> bool {
    decide(plan, message).0
}

/// Nanoseconds of the processor that this thread has taken; valgrind has no such clock.
fn now() -> i64 {
    if std::env::var_os("UNTIMED").is_some() {
        return 0;
    }
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

#[allow(clippy::cast_precision_loss, reason = "nobody needs more")]
fn microseconds(nanoseconds: i64) -> f64 {
    nanoseconds as f64 / 1e3
}

fn main() {
    let mut numbers = std::env::args().skip(1).map(|own| own.parse().unwrap());
    let (count, warm): (usize, usize) = (
        numbers.next().unwrap_or(10_000),
        numbers.next().unwrap_or(10_000),
    );
    let spec = Spec {
        rules: vec![PathBuf::from("builtin")],
        level: Some(1),
        ..Spec::default()
    };
    let plan = Arc::new(Plan::compile(&spec, &Disk).unwrap().plan);
    let corpus = Corpus::new(REPORTED).unwrap();
    let all: Vec<Message> = corpus
        .distinct((warm + count) as u64)
        .map(|own| own.message)
        .collect();
    for message in all.iter().take(warm) {
        drop(decide(&plan, message));
    }
    let mut times: Vec<i64> = Vec::new();
    for message in all.iter().skip(warm) {
        let began = now();
        measured(&plan, message);
        times.push(now() - began);
    }
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 1000).copied().unwrap_or(0);
    let mean = times.iter().sum::<i64>() / i64::try_from(times.len().max(1)).unwrap_or(i64::MAX);
    let [median, most, mean] = [at(500), at(990), mean].map(microseconds);
    println!(
        "{} requests: median {median:.1} us, mean {mean:.1}, p99 {most:.1}",
        times.len()
    );
}
