//! `bench/results-waf.md`.

use std::fmt::Write as _;

use super::subject::{Subject, Told};
use super::threads::Scaling;
use crate::Options;

/// One engine with one rule set over one kind of requests.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    name: String,
    /// Microseconds of CPU time a request.
    median: f64,
    mean: f64,
    p99: f64,
    /// Requests stopped, of all.
    stopped: usize,
    requests: usize,
    load: f64,
    memory: i64,
    /// The same once all requests were judged.
    used: i64,
}

pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) rows: Vec<Row>,
}

impl Row {
    /// `times` holds, for each request, what was told in each round.
    pub(crate) fn new(subject: &Subject, times: &[Vec<Told>]) -> Self {
        let mut own: Vec<f64> = times.iter().map(|all| middle(all)).collect();
        own.sort_by(f64::total_cmp);
        let stopped = times
            .iter()
            .filter(|all| all.first().is_some_and(|told| told.1))
            .count();
        Self {
            name: subject.ready.name.clone(),
            median: quantile(&own, 0.5),
            mean: own.iter().sum::<f64>() / own.len().max(1) as f64,
            p99: quantile(&own, 0.99),
            stopped,
            requests: times.len(),
            load: subject.ready.load as f64 / 1e6,
            memory: subject.ready.memory,
            used: subject.grown(),
        }
    }
}

/// The median of what one request took, in microseconds.
fn middle(all: &[Told]) -> f64 {
    let mut all: Vec<u64> = all.iter().map(|told| told.0).collect();
    all.sort_unstable();
    quantile(&all, 0.5) as f64 / 1e3
}

/// The value that this share of a sorted list does not exceed.
pub(crate) fn quantile<T: Copy + Default>(sorted: &[T], share: f64) -> T {
    let last = sorted.len().saturating_sub(1);
    let at = (last as f64 * share).round() as usize;
    sorted.get(at).copied().unwrap_or_default()
}

pub(crate) fn text(
    tables: &[Table],
    scaling: &[(&'static str, Scaling)],
    notes: &[String],
    options: &Options,
) -> String {
    let mut text = format!(
        "# Figures of the rule engine\n\nWritten by `cargo xtask bench waf`: {} rounds, each engine \
         a process of its own, taking turns every {} requests; the same requests and the same rule \
         files for all, blocking on. CPU time of the thread from the beginning of a transaction to \
         its end (phases 1, 2 and 5), the median over the rounds for each request; then median, \
         mean and 99th percentile over the requests. Memory is what the process grew by while it \
         loaded the rules, and until it had judged all requests. libmodsecurity is called through its Python binding, which is part of its \
         time. {}.\n\nWhat the remaining time is spent on: [README.md](README.md). Conformance of \
         the same engine: [../conformance/results.md](../conformance/results.md).\n",
        options.rounds,
        super::TURN,
        crate::report::machine()
    );
    for note in notes {
        // Writing to a string cannot fail, here and below.
        writeln!(text, "\n{note}.").ok();
    }
    for table in tables {
        rows(&mut text, table);
    }
    text.push_str(
        "\n## Two threads\n\nOver the benign requests, which each thread judges once a round; medians of \
         rounds that alternate. The ratio is that of a round of two to the round of one just before it; \
         *the machine's* is that of arithmetic that shares nothing, in the same minute.\n\n\
         | rules | one thread, requests/s | two | ratio | the machine's | one thread, CPU µs a request | two \
         |\n|---|---|---|---|---|---|---|\n",
    );
    for (title, own) in scaling {
        writeln!(
            text,
            "| {title} | {:.0} | {:.0} | {:.2} | {:.2} | {:.1} | {:.1} |",
            own.one, own.two, own.ratio, own.machine, own.cpu_one, own.cpu_two
        )
        .ok();
    }
    text
}

fn rows(text: &mut String, table: &Table) {
    write!(
        text,
        "\n## {}\n\n| engine | median µs | mean µs | p99 µs | of ours: median | mean | stopped \
         | load ms | memory MiB: loaded | used |\n|---|---|---|---|---|---|---|---|---|---|\n",
        table.title
    )
    .ok();
    let Some(ours) = table.rows.first() else {
        return;
    };
    for row in &table.rows {
        writeln!(
            text,
            "| {} | {:.1} | {:.1} | {:.1} | {:.1} × | {:.1} × | {} of {} | {:.0} | {:.1} | {:.1} |",
            row.name,
            row.median,
            row.mean,
            row.p99,
            row.median / ours.median,
            row.mean / ours.mean,
            row.stopped,
            row.requests,
            row.load,
            row.memory as f64 / 1024.0,
            row.used as f64 / 1024.0
        )
        .ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_members_of_the_list() {
        let list = [1, 2, 3, 4, 10];
        assert_eq!(quantile(&list, 0.5), 3);
        assert_eq!(quantile(&list, 1.0), 10);
        assert_eq!(quantile::<u64>(&[], 0.5), 0);
    }

    #[test]
    fn a_request_counts_with_its_middle_round() {
        assert!(
            (middle(&[Told(9000, true), Told(1000, true), Told(2000, true)]) - 2.0).abs() < 1e-9
        );
    }
}
