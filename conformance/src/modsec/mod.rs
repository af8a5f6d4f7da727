//! ModSecurity's own regression cases, against the engine alone.

mod case;
mod debug;
mod exceptions;
mod play;
mod verdict;

use std::collections::BTreeMap;
use std::path::Path;

use tempfile::TempDir;

use crate::Options;
use crate::judge::Outcome;
use crate::report::{self, Run};
use case::Case;
use verdict::Judged;

const NAME: &str = "modsecurity";

/// Runs every case.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    let data = options.data().join("modsecurity-tests");
    let cases = data.join("regression");
    if !cases.exists() {
        println!(
            "conformance {NAME}: skipped, not passed: the suite's cases are absent ({})",
            cases.display()
        );
        return Ok(());
    }
    let text = |fault: std::io::Error| fault.to_string();
    let (cases, unreadable) = case::read(&cases).map_err(text)?;
    let folder = workspace(&data.join("data")).map_err(text)?;
    let wanted = |name: &str| {
        options
            .only
            .as_ref()
            .is_none_or(|only| name.contains(only.as_str()))
    };
    let mut tally = Tally::default();
    let mut judged: Vec<(String, Outcome)> = cases
        .iter()
        .filter(|(name, _)| wanted(name))
        .map(|(name, case)| (name.clone(), outcome(case, name, folder.path(), &mut tally)))
        .collect();
    let cannot = |why: &String| Outcome::Failed(format!("cannot be read: {why}"));
    judged.extend(
        unreadable
            .iter()
            .map(|(name, why)| (name.clone(), cannot(why))),
    );
    close(options, tally, judged)
}

/// How much of the expectations was judged.
#[derive(Debug, Default)]
struct Tally {
    judged: usize,
    in_part: usize,
}

/// The suite names its data files from a folder above them; so do files that include others.
fn workspace(data: &Path) -> std::io::Result<TempDir> {
    let folder = TempDir::new()?;
    let own = folder.path().join("test-cases").join("data");
    std::fs::create_dir_all(&own)?;
    let data = data.canonicalize()?;
    for entry in std::fs::read_dir(&data)? {
        let entry = entry?;
        std::os::unix::fs::symlink(entry.path(), own.join(entry.file_name()))?;
    }
    std::os::unix::fs::symlink(folder.path().join("test-cases"), own.join("test-cases"))?;
    Ok(folder)
}

fn outcome(case: &Case, name: &str, folder: &Path, tally: &mut Tally) -> Outcome {
    if !case.enabled {
        return Outcome::NotApplicable("switched off in the suite".to_owned());
    }
    let file = name.rsplit_once('-').map_or(name, |(file, _)| file);
    let played = play::play(case, &format!("{file}.json"), folder);
    let all = verdict::judge(name, case, &played);
    let failed: Vec<String> = all
        .iter()
        .filter_map(|own| match own {
            Judged::Fails(why) => Some(why.clone()),
            Judged::Holds | Judged::Untold(_) => None,
        })
        .collect();
    if !failed.is_empty() {
        return Outcome::Failed(format!("{}: {}", case.title, failed.join("; ")));
    }
    let held = all.iter().filter(|own| **own == Judged::Holds).count();
    let untold = all.iter().find_map(|own| match own {
        Judged::Untold(why) => Some(why.clone()),
        Judged::Holds | Judged::Fails(_) => None,
    });
    match (held, untold) {
        (0, Some(why)) => Outcome::NotApplicable(why),
        (0, None) => Outcome::NotApplicable("the case expects nothing".to_owned()),
        (held, untold) => {
            tally.judged += held;
            tally.in_part += usize::from(untold.is_some());
            Outcome::Passed
        }
    }
}

/// The cases that are not applicable, those of one reason together.
fn by_reason(mut run: Run) -> Run {
    run.cases
        .sort_by_key(|(_, outcome)| reason(outcome).map(str::to_owned));
    run
}

fn reason(outcome: &Outcome) -> Option<&str> {
    match outcome {
        Outcome::NotApplicable(why) => Some(why),
        Outcome::Passed | Outcome::Failed(_) | Outcome::Refused => None,
    }
}

/// How many cases each reason takes out.
fn reasons(run: &Run) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for why in run.cases.iter().filter_map(|(_, outcome)| reason(outcome)) {
        *counts.entry(why).or_default() += 1;
    }
    let mut rows: Vec<(usize, &str)> = counts.into_iter().map(|(why, n)| (n, why)).collect();
    rows.sort_by(|a, b| b.cmp(a));
    let rows = rows
        .iter()
        .map(|(count, why)| format!("| {count} | {why} |\n"));
    format!(
        "| cases | not applicable, because |\n|---|---|\n{}",
        rows.collect::<String>()
    )
}

fn close(options: &Options, tally: Tally, cases: Vec<(String, Outcome)>) -> Result<(), String> {
    let run = Run {
        mode: "engine alone",
        cases,
    };
    for (name, outcome) in &run.cases {
        if let (Outcome::Failed(why), true) = (outcome, options.verbose) {
            println!("{} {name}: {why}", run.mode);
        }
    }
    println!("{}", run.line(NAME));
    let failed = run.count().failed;
    if options.writes() {
        let about = format!(
            "Each case's rules and exchange through the engine, judged by status, redirect, refusal \
             of rules, and the suite's own log patterns, for which the engine's steps are put into \
             ModSecurity's words. Before each case stand libmodsecurity's defaults (the rules only report \
             unless a case says otherwise, bodies over a limit are judged in part), and the engine's \
             own rules about unreadable bodies are taken out; a chain that ends with its file is \
             closed by a rule that never matches. {} expectations hold; of {} passed cases one expectation among \
             others cannot be judged here.",
            tally.judged, tally.in_part
        );
        let about = format!("{about}\n\n{}", reasons(&run));
        let command = format!("cargo xtask conformance {NAME}");
        let run = by_reason(run);
        let section = report::section("ModSecurity's regression cases", &command, &about, &[run]);
        report::write(&options.results, &section).map_err(|fault| fault.to_string())?;
    }
    if failed > 0 && options.only.is_none() {
        return Err(format!("{NAME}: {failed} cases failed"));
    }
    Ok(())
}
