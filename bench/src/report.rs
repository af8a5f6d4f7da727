//! `bench/results.md`: medians over the rounds, and ratios taken within each round.

use std::fmt::Write as _;

use crate::Options;
use crate::http::{BUILTIN, CRS, Cell, MODSECURITY, NGINX, OFF, Subject, Table};
use crate::load::Workload;

/// A ratio of interest: this subject to that one, and what is aimed at.
const RATIOS: [(&str, &str, f64); 4] = [
    (OFF, NGINX, 0.7),
    (BUILTIN, NGINX, 0.5),
    (CRS, MODSECURITY, 8.0),
    (CRS, NGINX, 0.0),
];

pub(crate) fn text(subjects: &[Subject], tables: &[Table], options: &Options) -> String {
    let mut text = format!(
        "# Figures\n\nWritten by `cargo xtask bench http`: {} rounds of {} s a cell, taking turns, \
         {} connections, one load thread; the upstream is an nginx that answers 200 with a little \
         JSON; every nginx has two workers, access logs off, connections to the upstream kept. \
         Before measuring, each server that should block a SQL injection did, and no measured \
         request failed. GETs and POSTs are 4,000 different ones of 200 browsers; what is one request, \
         repeated, shows what a server makes of having seen it before. Figures are medians over the rounds; ratios are taken within a round. \
         {}.\n",
        options.rounds,
        options.seconds,
        options.connections,
        machine()
    );
    for table in tables {
        rows(&mut text, subjects, table);
    }
    ratios(&mut text, subjects, tables);
    text.push_str("\n## Resident memory before the first request\n\n| server | MiB |\n|---|---|\n");
    for subject in subjects {
        writeln!(
            text,
            "| {} | {:.1} |",
            subject.name,
            subject.idle as f64 / 1024.0
        )
        .ok();
    }
    text
}

pub(crate) fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let mut models = info
        .lines()
        .filter_map(|line| line.strip_prefix("model name"));
    let model = models.next().unwrap_or("unknown processor");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let model = model.trim_start_matches([' ', '\t', ':']);
    format!("Machine: {cores} cores, {model}")
}

fn rows(text: &mut String, subjects: &[Subject], table: &Table) {
    let name = table.workload.name();
    // Writing to a string cannot fail, here and below.
    write!(
        text,
        "\n## {name}\n\n| server | requests/s | p50 ms | p99 ms | its CPU a request, µs \
         | the upstream's |\n|---|---|---|---|---|---|\n"
    )
    .ok();
    for (subject, cells) in subjects.iter().zip(&table.cells) {
        let of = |pick: &dyn Fn(&Cell) -> f64| median(cells.iter().map(pick).collect());
        writeln!(
            text,
            "| {} | {:.0} | {:.2} | {:.2} | {:.1} | {:.1} |",
            subject.name,
            of(&|cell| cell.measured.per_second),
            of(&|cell| cell.measured.p50.as_secs_f64() * 1e3),
            of(&|cell| cell.measured.p99.as_secs_f64() * 1e3),
            of(&|cell| cell.cpu),
            of(&|cell| cell.upstream_cpu)
        )
        .ok();
    }
}

fn ratios(text: &mut String, subjects: &[Subject], tables: &[Table]) {
    text.push_str("\n## Ratios of requests/s\n\n| ratio |");
    for workload in Workload::ALL {
        write!(text, " {} |", workload.name()).ok();
    }
    text.push_str(" aim |\n|---|");
    text.push_str(&"---|".repeat(Workload::ALL.len()));
    text.push_str("---|\n");
    for (one, other, aim) in RATIOS {
        write!(text, "| {one} / {other} |").ok();
        for table in tables {
            let cells = |name: &str| {
                let at = subjects.iter().position(|subject| subject.name == name);
                at.and_then(|at| table.cells.get(at))
                    .cloned()
                    .unwrap_or_default()
            };
            let rounds = cells(one).into_iter().zip(cells(other));
            let ratios = rounds.map(|(one, other)| {
                one.measured.per_second / other.measured.per_second.max(f64::MIN_POSITIVE)
            });
            write!(text, " {:.2} |", median(ratios.collect())).ok();
        }
        if aim > 0.0 {
            writeln!(text, " ≥ {aim} |").ok();
        } else {
            text.push_str(" |\n");
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let at = |at: usize| values.get(at).copied().unwrap_or_default();
    if values.len().is_multiple_of(2) {
        (at(middle.saturating_sub(1)) + at(middle)) / 2.0
    } else {
        at(middle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(Vec::new()), 0.0);
    }
}
