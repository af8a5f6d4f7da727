//! Whether two threads judge twice as much as one.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use babyshield_waf::Plan;
use rustix::time::ClockId;

use super::Request;
use super::engine::{judge, load, now, read};

const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_millis(400);

/// What one thread did alone, and two together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scaling {
    /// Requests a second, the best round of each; other work on the machine only ever takes away.
    pub(crate) one: f64,
    pub(crate) two: f64,
    /// CPU time of a request in microseconds, the median round of each: what locks would raise.
    pub(crate) cpu_one: f64,
    pub(crate) cpu_two: f64,
}

pub(crate) fn measure(rules: &Path, corpus: &Path) -> Result<Scaling, String> {
    let plan = load(rules)?;
    let requests: Arc<[Request]> = read(corpus)?.into();
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        one.push(round(&plan, &requests, 1));
        two.push(round(&plan, &requests, 2));
    }
    let best = |all: &[Round]| all.iter().map(|own| own.per_second).fold(0.0, f64::max);
    let cpu = |all: &[Round]| {
        let mut all: Vec<f64> = all.iter().map(|own| own.cpu).collect();
        all.sort_by(f64::total_cmp);
        super::report::quantile(&all, 0.5)
    };
    Ok(Scaling {
        one: best(&one),
        two: best(&two),
        cpu_one: cpu(&one),
        cpu_two: cpu(&two),
    })
}

struct Round {
    per_second: f64,
    cpu: f64,
}

fn round(plan: &Arc<Plan>, requests: &Arc<[Request]>, threads: usize) -> Round {
    let over = Arc::new(AtomicBool::new(false));
    let began = now(ClockId::Monotonic);
    let workers: Vec<_> = (0..threads)
        .map(|at| {
            let (plan, requests, over) =
                (Arc::clone(plan), Arc::clone(requests), Arc::clone(&over));
            // Each begins elsewhere, so that they are not at the same request at the same time.
            let start = at * requests.len() / threads;
            thread::spawn(move || work(&plan, &requests, start, &over))
        })
        .collect();
    thread::sleep(ROUND);
    over.store(true, Ordering::Relaxed);
    let done: Vec<(usize, Duration)> = workers
        .into_iter()
        .filter_map(|worker| worker.join().ok())
        .collect();
    let spent = now(ClockId::Monotonic) - began;
    let count: usize = done.iter().map(|(count, _)| count).sum();
    let cpu: Duration = done.iter().map(|(_, cpu)| *cpu).sum();
    Round {
        per_second: count as f64 / spent.as_secs_f64(),
        cpu: cpu.as_secs_f64() * 1e6 / count.max(1) as f64,
    }
}

fn work(
    plan: &Arc<Plan>,
    requests: &[Request],
    start: usize,
    over: &AtomicBool,
) -> (usize, Duration) {
    let began = now(ClockId::ThreadCPUTime);
    let mut count = 0;
    for request in requests.iter().cycle().skip(start) {
        if over.load(Ordering::Relaxed) {
            break;
        }
        judge(plan, request);
        count += 1;
    }
    (count, now(ClockId::ThreadCPUTime) - began)
}
