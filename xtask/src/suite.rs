//! `cargo xtask test`: every test there is, the counts last.

use std::process::Command;

use crate::{graph, shell, tools, web};

/// What was run so far: the counts each runner closed with, and what failed.
#[derive(Debug, Default)]
struct Report {
    counts: Vec<String>,
    failures: Vec<String>,
}

impl Report {
    /// Runs one step whatever came before; keeps the lines a runner closes with.
    fn step(&mut self, name: &str, command: &mut Command) {
        println!("\n== {name}");
        let (text, ended) = shell::tee(command);
        self.counts.extend(counts(name, &text));
        if let Err(fault) = ended {
            self.failures.push(format!("{name}: {fault}"));
        }
    }

    /// The same for a step that is a function here.
    fn call(&mut self, name: &str, work: impl FnOnce() -> Result<(), String>) {
        println!("\n== {name}");
        if let Err(fault) = work() {
            eprintln!("{fault}");
            self.failures.push(format!("{name}: {fault}"));
        }
    }

    fn close(self) -> Result<(), String> {
        println!("\n== counts");
        for line in &self.counts {
            println!("{line}");
        }
        if self.failures.is_empty() {
            println!("everything passed");
            return Ok(());
        }
        Err(format!("failed:\n  {}", self.failures.join("\n  ")))
    }
}

pub(crate) fn run() -> Result<(), String> {
    tools::for_tests()?;
    web::build()?;
    let mut report = Report::default();
    report.step("format", &mut shell::cargo(["fmt", "--all", "--check"]));
    report.call("graph", graph::run);
    report.step(
        "clippy",
        &mut shell::cargo([
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "--deny=warnings",
        ]),
    );
    report.step(
        "tests",
        &mut shell::cargo([
            "nextest",
            "run",
            "--workspace",
            "--locked",
            "--no-fail-fast",
            "--status-level=fail",
            "--final-status-level=fail",
        ]),
    );
    report.step(
        "the binary",
        &mut shell::cargo(["build", "--locked", "--package=babyshield-cli"]),
    );
    report.step(
        "documentation tests",
        &mut shell::cargo(["test", "--doc", "--workspace", "--locked", "--no-fail-fast"]),
    );
    front_end(&mut report);
    text_model(&mut report);
    suites(&mut report);
    report.close()
}

/// The outside suites that need no download, in the same profile as all tests, so that nothing is
/// compiled twice.
fn suites(report: &mut Report) {
    for (title, name) in [
        ("OWASP CRS 3.3.4", "crs3"),
        ("ModSecurity's regression cases", "modsecurity"),
    ] {
        report.step(
            title,
            &mut shell::cargo([
                "run",
                "--quiet",
                "--locked",
                "--package=babyshield-conformance",
                "--",
                name,
                "--check",
                "--verbose",
                "--binary=target/debug/babyshield",
            ]),
        );
    }
}

/// Trains the text model again, to see that the data still give the same bytes.
fn text_model(report: &mut Report) {
    let program = ["--package=babyshield-train", "--", "--check"];
    let mut train = shell::cargo(["run", "--quiet", "--locked"]);
    report.step("the text model", train.args(program));
}

/// The web part's type check, unit tests and browser test, where it has them.
fn front_end(report: &mut Report) {
    let scripts = web::scripts();
    for script in ["check", "test"] {
        if scripts.iter().any(|own| own == script) {
            report.step(
                &format!("web {script}"),
                &mut web::command(&["run", script]),
            );
        }
    }
}

/// The lines a runner closes with: nextest's summary, libtest's results of a crate that has any,
/// and node's and our own runners' `N passed` lines.
fn counts(step: &str, text: &str) -> Vec<String> {
    text.lines()
        .map(plain)
        .filter(|line| {
            let line = line.trim_start();
            let libtest = line.starts_with("test result:") && !line.contains(" 0 passed; 0 failed");
            line.starts_with("Summary [")
                || libtest
                || ["# pass ", "# fail ", "ℹ pass ", "ℹ fail "]
                    .iter()
                    .any(|start| line.starts_with(start))
                || line.starts_with("conformance ")
        })
        .map(|line| format!("{step}: {}", line.trim()))
        .collect()
}

/// The line without terminal colours.
fn plain(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut in_escape = false;
    for c in line.chars() {
        match (in_escape, c) {
            (false, '\u{1b}') => in_escape = true,
            (false, c) => out.push(c),
            (true, c) => in_escape = !c.is_ascii_alphabetic(),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runners_closing_lines_are_kept() {
        let text = "\u{1b}[32m     Summary\u{1b}[0m [   1.2s] 3 tests run: 3 passed, 1 skipped\n\
                    test result: ok. 0 passed; 0 failed; 0 ignored\n\
                    test result: ok. 2 passed; 0 failed; 0 ignored\n\
                    something else\n";
        assert_eq!(
            counts("tests", text),
            [
                "tests: Summary [   1.2s] 3 tests run: 3 passed, 1 skipped",
                "tests: test result: ok. 2 passed; 0 failed; 0 ignored",
            ]
        );
    }

    #[test]
    fn a_failed_step_fails_the_whole() {
        let mut report = Report::default();
        report.call("good", || Ok(()));
        report.call("bad", || Err("no".to_owned()));
        assert!(report.close().is_err_and(|fault| fault.contains("bad: no")));
    }
}
