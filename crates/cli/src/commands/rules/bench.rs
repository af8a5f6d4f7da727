use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use babyshield_policy::replay::{self, Costs, RuleCost};
use clap::Args;

use super::Loaded;
use crate::output::{self, Exit, Format, Outcome};

/// Stands for all callers; the block is set aside for documentation, so nobody has it (RFC 5737).
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// Measure which rules cost what on recorded requests
///
/// Read are the records that `babyshield replay` reads. Every request is judged as ever, for the CPU
/// time of the whole, and once more watched, for that of the parts. Most work is done for all rules
/// together: requests are read, and each value is transformed and searched once, whoever asks for
/// it. What is told of a rule is what comes on top: its exact test, where the search has found that
/// it may match, and what its match does. A transformation that no search needed counts for the rule
/// that asks for it first.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 every record was measured; 1 some could not be read, each told on \
                  standard error; 2 the rules or the command line are wrong."
)]
pub(crate) struct Bench {
    /// Files and folders of recorded requests.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    loaded: Loaded,
    /// How often each request is measured.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rounds: u32,
    /// How many rules are shown, the dearest first; JSON has all.
    #[arg(long, default_value_t = 30)]
    rows: usize,
    /// How to print the figures.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

impl Bench {
    pub(super) fn execute(self) -> Outcome {
        let plan = self.loaded.plan()?;
        let source = (self.paths.as_slice(), self.rounds);
        let costs = replay::measure(&plan, CLIENT, source, &mut |fault| {
            if let Some((record, fault)) = fault {
                output::complain(&format!("{record}: {fault}"));
            }
            true
        });
        match self.format {
            Format::Json => output::print_json(&costs)?,
            Format::Text => output::print(describe(&costs, self.rows))?,
        }
        Ok(match costs.unreadable {
            0 => Exit::Ok,
            _ => Exit::Finding,
        })
    }
}

fn describe(costs: &Costs, rows: usize) -> String {
    let micros = costs.micros;
    let mut text = format!(
        "{} requests: median {:.1} µs, p99 {:.1} µs, mean {:.1} µs of CPU time\n",
        costs.requests, micros.median, micros.p99, micros.mean
    );
    for (count, what) in [
        (costs.unreadable, "records could not be read"),
        (costs.disturbed, "measurements were disturbed and left out"),
    ] {
        if count > 0 {
            text.push_str(&format!("{count} {what}\n"));
        }
    }
    let rules = costs
        .rules
        .iter()
        .fold(0.0, |sum, own| sum + own.part.micros);
    let share = costs
        .rules
        .iter()
        .fold(0.0, |sum, own| sum + own.part.share);
    let part = |name: &str, micros: f64, share: f64| {
        [name.to_owned(), format!("{micros:.2}"), percent(share)]
    };
    let parts = [
        part(
            "reading requests",
            costs.reading.micros,
            costs.reading.share,
        ),
        part(
            "values, for all rules",
            costs.scanning.micros,
            costs.scanning.share,
        ),
        part("single rules", rules, share),
    ];
    text.push('\n');
    text.push_str(&output::table(["PART", "µs/REQUEST", "SHARE"], &parts));
    text.push_str(&dearest(&costs.rules, rows));
    text.push_str(&format!("{} rules were never asked\n", costs.never_asked));
    text
}

/// The first so many rules.
fn dearest(rules: &[RuleCost], rows: usize) -> String {
    let row = |own: &RuleCost| {
        [
            own.id.to_string(),
            own.asked.to_string(),
            own.matched.to_string(),
            format!("{:.3}", own.part.micros),
            percent(own.part.share),
            own.message.clone(),
        ]
    };
    let shown: Vec<_> = rules.iter().take(rows).map(row).collect();
    if shown.is_empty() {
        return String::new();
    }
    let head = ["RULE", "ASKED", "MATCHED", "µs/REQUEST", "SHARE", "MESSAGE"];
    let mut text = format!("\n{}", output::table(head, &shown));
    let left = rules.len() - shown.len();
    if left > 0 {
        text.push_str(&format!("… and {left} more that were asked\n"));
    }
    text
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}
