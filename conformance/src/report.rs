//! `conformance/results.md`: one section a suite, each written by the run it tells of.

use std::fmt::Write as _;
use std::path::Path;

use crate::judge::Outcome;

/// One suite in one mode.
#[derive(Debug)]
pub(crate) struct Run {
    /// `over sockets`, `engine alone`.
    pub(crate) mode: &'static str,
    /// Name and outcome of every case.
    pub(crate) cases: Vec<(String, Outcome)>,
}

/// How the cases of a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: usize,
    pub(crate) refused: usize,
    pub(crate) failed: usize,
    pub(crate) not_applicable: usize,
}

impl Count {
    pub(crate) fn run(self) -> usize {
        self.passed + self.refused + self.failed
    }

    /// Passed, or refused with the rule confirmed, of those run, in tenths of a percent.
    pub(crate) fn per_mille(self) -> usize {
        let good = self.passed + self.refused;
        good.saturating_mul(1000)
            .checked_div(self.run())
            .unwrap_or(0)
    }
}

impl Run {
    pub(crate) fn count(&self) -> Count {
        let mut count = Count::default();
        for (_, outcome) in &self.cases {
            match outcome {
                Outcome::Passed => count.passed += 1,
                Outcome::Refused => count.refused += 1,
                Outcome::Failed(_) => count.failed += 1,
                Outcome::NotApplicable(_) => count.not_applicable += 1,
            }
        }
        count
    }

    /// One line for the terminal and for the runner's counts.
    pub(crate) fn line(&self, suite: &str) -> String {
        let count = self.count();
        format!(
            "conformance {suite}, {}: {} run, {} passed, {} refused before the rules (rule \
             confirmed), {} failed, {} not applicable",
            self.mode,
            count.run(),
            count.passed,
            count.refused,
            count.failed,
            count.not_applicable
        )
    }
}

/// The section of a suite.
pub(crate) fn section(title: &str, command: &str, about: &str, runs: &[Run]) -> String {
    let mut text = format!("## {title}\n\n`{command}`. {about}\n\n");
    text.push_str("| mode | run | passed | refused before the rules | failed | not applicable |\n");
    text.push_str("|---|---|---|---|---|---|\n");
    for run in runs {
        let c = run.count();
        // Writing to a string cannot fail.
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            run.mode,
            c.run(),
            c.passed,
            c.refused,
            c.failed,
            c.not_applicable
        )
        .ok();
    }
    for run in runs {
        list(&mut text, run, "failed", |outcome| match outcome {
            Outcome::Failed(why) => Some(why.clone()),
            Outcome::Passed | Outcome::Refused | Outcome::NotApplicable(_) => None,
        });
        list(
            &mut text,
            run,
            "refused before the rules",
            |outcome| match outcome {
                Outcome::Refused => Some(
                    "400 by the gateway's HTTP layer; the engine alone finds the rule".to_owned(),
                ),
                Outcome::Passed | Outcome::Failed(_) | Outcome::NotApplicable(_) => None,
            },
        );
        list(&mut text, run, "not applicable", |outcome| match outcome {
            Outcome::NotApplicable(why) => Some(why.clone()),
            Outcome::Passed | Outcome::Failed(_) | Outcome::Refused => None,
        });
    }
    text
}

fn list(text: &mut String, run: &Run, what: &str, pick: impl Fn(&Outcome) -> Option<String>) {
    let found: Vec<(&String, String)> = run
        .cases
        .iter()
        .filter_map(|(name, outcome)| Some((name, pick(outcome)?)))
        .collect();
    if found.is_empty() {
        return;
    }
    writeln!(text, "\n### {}: {what} ({})\n", run.mode, found.len()).ok();
    for (name, why) in found {
        let why = why.replace(['\r', '\n'], " ");
        writeln!(text, "- {name}: {why}").ok();
    }
}

const HEADER: &str = "# Results of the outside suites\n\n\
    Written by the runs named below; not edited by hand.\n";

/// Puts a section into the file, in place of its former self.
pub(crate) fn write(path: &Path, section: &str) -> std::io::Result<()> {
    let old = std::fs::read_to_string(path).unwrap_or_default();
    std::fs::write(path, replace(&old, section))
}

fn replace(old: &str, section: &str) -> String {
    let title = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let sections = old
        .split("\n## ")
        .skip(1)
        .map(|text| format!("## {}", text.trim_end()));
    let mut sections: Vec<String> = sections.filter(|s| title(s) != title(section)).collect();
    sections.push(section.trim_end().to_owned());
    sections.sort_by_key(|text| title(text));
    format!("{HEADER}\n{}\n", sections.join("\n\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_takes_the_place_of_its_former_self_only() {
        let one = replace("", "## B\n\nold\n");
        let two = replace(&one, "## A\n\nfirst\n");
        let three = replace(&two, "## B\n\nnew\n");
        assert_eq!(three, format!("{HEADER}\n## A\n\nfirst\n\n## B\n\nnew\n"));
    }

    #[test]
    fn every_failure_is_named_and_counted() {
        let run = Run {
            mode: "over sockets",
            cases: vec![
                ("1-1".into(), Outcome::Passed),
                ("1-2".into(), Outcome::Failed("no\nresponse".into())),
                ("1-3".into(), Outcome::NotApplicable("because".into())),
            ],
        };
        assert_eq!(run.count().per_mille(), 500);
        let text = section("S", "c", "a", &[run]);
        assert!(
            text.contains("| over sockets | 2 | 1 | 0 | 1 | 1 |"),
            "{text}"
        );
        assert!(text.contains("- 1-2: no response"), "{text}");
        assert!(text.contains("- 1-3: because"), "{text}");
    }
}
