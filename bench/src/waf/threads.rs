//! Whether two threads judge twice as much as one.
//!
//! What one thread does in a round, each of two does in the next, and after it they do it once more with work
//! that has nothing to share: arithmetic in registers. A machine whose cores slow each other down shows it
//! there. Rounds are short and alternate, so that a clock that changes changes all of them.

use std::path::Path;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use babyshield_waf::Plan;
use rustix::time::ClockId;

use super::Request;
use super::engine::{judge, load, now, read};

const ROUNDS: usize = 15;
/// Turns of arithmetic in a round: some tenths of a second.
const TURNS: u64 = 100_000_000;

/// What one thread did alone, and two together; each figure the median of the rounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scaling {
    /// Requests a second.
    pub(crate) one: f64,
    pub(crate) two: f64,
    /// How many times as much two did as the one just before.
    pub(crate) ratio: f64,
    /// The same of work that shares nothing.
    pub(crate) machine: f64,
    /// CPU time of a request in microseconds: what locks would raise.
    pub(crate) cpu_one: f64,
    pub(crate) cpu_two: f64,
}

pub(crate) fn measure(rules: &Path, corpus: &Path) -> Result<Scaling, String> {
    let plan = load(rules)?;
    let requests: Arc<[Request]> = read(corpus)?.into();
    let work: Arc<dyn Fn() + Send + Sync> = {
        let requests = Arc::clone(&requests);
        Arc::new(move || judge_all(&plan, &requests))
    };
    let arithmetic: Arc<dyn Fn() + Send + Sync> = Arc::new(turn);
    let count = requests.len() as f64;
    // Threads, memory and what is made when first needed.
    round(&work, 2);
    let mut rows: [Vec<f64>; 6] = Default::default();
    for _ in 0..ROUNDS {
        let (one, two) = (round(&work, 1), round(&work, 2));
        let (alone, both) = (round(&arithmetic, 1), round(&arithmetic, 2));
        let own = [
            count / one.wall,
            2.0 * count / two.wall,
            2.0 * one.wall / two.wall,
            2.0 * alone.wall / both.wall,
            one.cpu * 1e6 / count,
            two.cpu * 1e6 / (2.0 * count),
        ];
        for (row, own) in rows.iter_mut().zip(own) {
            row.push(own);
        }
    }
    let [one, two, ratio, machine, cpu_one, cpu_two] = rows.map(|mut row| {
        row.sort_by(f64::total_cmp);
        super::report::quantile(&row, 0.5)
    });
    Ok(Scaling {
        one,
        two,
        ratio,
        machine,
        cpu_one,
        cpu_two,
    })
}

/// Seconds of one round.
struct Round {
    wall: f64,
    /// Of all threads.
    cpu: f64,
}

/// Has each of so many threads do all of the work.
fn round(work: &Arc<dyn Fn() + Send + Sync>, threads: usize) -> Round {
    let start = Arc::new(Barrier::new(threads + 1));
    let workers: Vec<_> = (0..threads)
        .map(|_| {
            let (work, start) = (Arc::clone(work), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                let began = now(ClockId::ThreadCPUTime);
                work();
                now(ClockId::ThreadCPUTime) - began
            })
        })
        .collect();
    start.wait();
    let began = now(ClockId::Monotonic);
    let cpu: Duration = workers
        .into_iter()
        .filter_map(|worker| worker.join().ok())
        .sum();
    Round {
        wall: (now(ClockId::Monotonic) - began).as_secs_f64(),
        cpu: cpu.as_secs_f64(),
    }
}

fn judge_all(plan: &Arc<Plan>, requests: &[Request]) {
    for request in requests {
        judge(plan, request);
    }
}

fn turn() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..TURNS {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    std::hint::black_box(state);
}
