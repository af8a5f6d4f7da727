use std::path::PathBuf;

use babyshield_policy::ftw::{Bench, Case, Judged, Suite, Tested};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::Loaded;
use crate::output::{self, Exit, Failure, Outcome};

/// Lines of the log shown for one failure.
const LOG_LINES: usize = 20;

/// Run regression tests of rules, as OWASP CRS and go-ftw write them
///
/// Read are YAML files of both forms: CRS 3 (`log_contains`) and CRS 4 (`log: expect_ids`). Every
/// request is put to the rules as its bytes say, without a socket; behind the rules stand the
/// servers that the suites expect, for rules about responses. All phases run, whatever the rules
/// would have refused.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 every case passed, or was skipped with a reason; 1 some failed, \
                  or could not be read; 2 the rules or the command line are wrong."
)]
pub(crate) struct Test {
    /// YAML files, and folders of them.
    #[arg(required = true)]
    cases: Vec<PathBuf>,
    #[command(flatten)]
    loaded: Loaded,
    /// Only cases whose name holds this text.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// How to print the outcome.
    #[arg(long, value_enum, default_value_t)]
    format: Form,
}

/// Who reads the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// People: every failure, and the sum.
    #[default]
    Text,
    /// Machines: every case.
    Json,
    /// Build servers.
    Junit,
}

/// What became of all cases.
#[derive(Default)]
struct Told {
    cases: Vec<(Case, Tested)>,
    unreadable: Vec<(String, String)>,
}

impl Test {
    pub(super) fn format(&self) -> crate::output::Format {
        match self.format {
            Form::Json => crate::output::Format::Json,
            Form::Text | Form::Junit => crate::output::Format::Text,
        }
    }

    pub(super) fn execute(self) -> Outcome {
        let suite = Suite::of(&self.cases).map_err(|(path, error)| {
            Failure::Usage(format!("`{}` cannot be read: {error}", path.display()))
        })?;
        let wanted = |name: &str| self.only.as_ref().is_none_or(|only| name.contains(only));
        let bench = Bench::new(self.loaded.plan()?);
        let mut told = Told {
            cases: Vec::new(),
            unreadable: suite.unreadable,
        };
        for case in suite.cases.into_iter().filter(|case| wanted(&case.name)) {
            let tested = bench.test(&case);
            told.cases.push((case, tested));
        }
        if told.cases.is_empty() && told.unreadable.is_empty() {
            return Err(Failure::Usage("there are no cases to run".to_owned()));
        }
        match self.format {
            Form::Text => output::print(told.text())?,
            Form::Json => output::print_json(&told.json())?,
            Form::Junit => output::print(told.junit())?,
        }
        Ok(match told.count("failed") + told.unreadable.len() {
            0 => Exit::Ok,
            _ => Exit::Finding,
        })
    }
}

fn name_of(judged: &Judged) -> &'static str {
    match judged {
        Judged::Passed => "passed",
        Judged::Failed(_) => "failed",
        Judged::Skipped(_) => "skipped",
    }
}

/// Ids of the rules that were found, in order.
fn ids(tested: &Tested) -> Vec<&str> {
    let findings = tested.ran.iter().flat_map(|ran| &ran.findings);
    findings.map(|finding| finding.rule.as_str()).collect()
}

fn expected(case: &Case, tested: &Tested) -> String {
    let stage = tested
        .stage
        .checked_sub(1)
        .and_then(|at| case.stages.get(at));
    stage.map_or_else(String::new, |stage| stage.expect.to_string())
}

/// Text out of a request, so that it cannot drive the terminal.
fn printable(text: &str) -> String {
    let plain = |own: char| if own.is_control() { '\u{fffd}' } else { own };
    text.chars().map(plain).collect()
}

impl Told {
    fn count(&self, how: &str) -> usize {
        let cases = self.cases.iter();
        cases
            .filter(|(_, tested)| name_of(&tested.judged) == how)
            .count()
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (case, tested) in &self.cases {
            match &tested.judged {
                Judged::Passed => {}
                Judged::Skipped(why) => text.push_str(&format!("skip {}: {why}\n", case.name)),
                Judged::Failed(faults) => text.push_str(&failure(case, tested, faults)),
            }
        }
        for (name, why) in &self.unreadable {
            text.push_str(&format!("FAIL {name}: cannot be read: {why}\n"));
        }
        text.push_str(&format!(
            "{} {}: {} passed, {} failed, {} skipped",
            self.cases.len(),
            if self.cases.len() == 1 {
                "case"
            } else {
                "cases"
            },
            self.count("passed"),
            self.count("failed"),
            self.count("skipped")
        ));
        if !self.unreadable.is_empty() {
            text.push_str(&format!("; {} could not be read", self.unreadable.len()));
        }
        text + "\n"
    }

    fn json(&self) -> serde_json::Value {
        let cases = self.cases.iter().map(|(case, tested)| {
            let faults = match &tested.judged {
                Judged::Passed => Vec::new(),
                Judged::Failed(faults) => faults.clone(),
                Judged::Skipped(why) => vec![why.clone()],
            };
            json!({
                "case": case.name,
                "file": case.file,
                "outcome": name_of(&tested.judged),
                "stage": tested.stage,
                "expected": expected(case, tested),
                "rules": ids(tested),
                "status": tested.ran.as_ref().map(|ran| ran.status),
                "faults": faults,
                "log": tested.ran.iter().flat_map(|ran| ran.log()).collect::<Vec<_>>(),
            })
        });
        let unreadable = self.unreadable.iter();
        json!({
            "cases": cases.collect::<Vec<_>>(),
            "unreadable": unreadable
                .map(|(name, why)| json!({ "case": name, "why": why }))
                .collect::<Vec<_>>(),
            "passed": self.count("passed"),
            "failed": self.count("failed"),
            "skipped": self.count("skipped"),
        })
    }

    fn junit(&self) -> String {
        let (failed, unreadable) = (self.count("failed"), self.unreadable.len());
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite \
             name=\"babyshield rules test\" tests=\"{}\" failures=\"{failed}\" \
             errors=\"{unreadable}\" skipped=\"{}\">\n",
            self.cases.len() + unreadable,
            self.count("skipped")
        );
        for (case, tested) in &self.cases {
            let open = format!(
                "<testcase classname=\"{}\" name=\"{}\"",
                xml(&case.file),
                xml(&case.name)
            );
            text.push_str(&match &tested.judged {
                Judged::Passed => format!("{open}/>\n"),
                Judged::Skipped(why) => {
                    let why = xml(why);
                    format!("{open}><skipped message=\"{why}\"/></testcase>\n")
                }
                Judged::Failed(faults) => {
                    let whole = xml(&failure(case, tested, faults));
                    let first = faults.first().map_or_else(String::new, |own| xml(own));
                    format!("{open}><failure message=\"{first}\">{whole}</failure></testcase>\n")
                }
            });
        }
        for (name, why) in &self.unreadable {
            text.push_str(&format!(
                "<testcase name=\"{}\"><error message=\"{}\"/></testcase>\n",
                xml(name),
                xml(why)
            ));
        }
        text + "</testsuite>\n</testsuites>\n"
    }
}

/// A failure as people read it.
fn failure(case: &Case, tested: &Tested, faults: &[String]) -> String {
    let got = match (ids(tested).as_slice(), &tested.ran) {
        (_, None) => "nothing".to_owned(),
        ([], Some(ran)) => format!("no rule, status {}", ran.status),
        (ids, Some(ran)) => format!("{}, status {}", ids.join(" "), ran.status),
    };
    let mut text = format!(
        "FAIL {} ({}, stage {} of {})\n  expected  {}\n  got       {got}\n",
        case.name,
        case.file,
        tested.stage,
        case.stages.len(),
        printable(&expected(case, tested))
    );
    for fault in faults {
        text.push_str(&format!("  because   {}\n", printable(fault)));
    }
    let faults = tested.ran.iter().flat_map(|ran| &ran.faults);
    for fault in faults {
        text.push_str(&format!("  note      {}\n", printable(fault)));
    }
    let lines: Vec<String> = tested.ran.iter().flat_map(|ran| ran.log()).collect();
    for line in lines.iter().take(LOG_LINES) {
        text.push_str(&format!("  log       {}\n", printable(line)));
    }
    if let Some(more @ 1..) = lines.len().checked_sub(LOG_LINES) {
        text.push_str(&format!("  log       … and {more} lines more\n"));
    }
    text
}

/// Text as XML takes it (XML 1.0 §2.2): characters that no document may hold are shown as such.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for own in text.chars() {
        match own {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(own),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            own if own.is_control() => out.push('\u{fffd}'),
            own => out.push(own),
        }
    }
    out
}
