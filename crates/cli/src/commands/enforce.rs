use std::io::{self, BufRead, IsTerminal};
use std::path::Path;

use babyshield_events::query::{Caller, RuleCount};
use babyshield_events::{Filter, Reader};
use babyshield_gateway::SystemClock;
use babyshield_model::{Clock, Event, Mode, RequestEvent, Timestamp, Verdict};
use babyshield_policy::{Policy, edit};
use clap::Args;
use serde_json::json;

use crate::output::{self, Exit, Failure, Format, Outcome};
use crate::policy::Named;
use crate::replace::replace;

/// Rows of each ranking, and requests shown whole.
const ROWS: usize = 10;

/// Milliseconds of a day.
const DAY: u64 = 24 * 3600 * 1000;

/// What `enforce` does not let pass. Malformed requests are refused in every mode.
const STOPPED: [Verdict; 3] = [Verdict::Block, Verdict::Limit, Verdict::Challenge];

/// Show what would have been blocked, then block it from now on
///
/// Shows what `watch` mode let pass that `enforce` would have stopped, asks, and writes
/// `mode = "enforce"` into the policy. A running gateway takes it up by itself.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 it enforces now, or did before; 1 it was not switched.")]
pub(crate) struct Enforce {
    #[command(flatten)]
    named: Named,
    /// How many days to look back.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,
    /// Switch without asking.
    #[arg(long)]
    yes: bool,
    /// How to print what would have been blocked; `json` switches only with --yes.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// What watch mode would have blocked.
#[derive(Default)]
struct Seen {
    requests: u64,
    rules: Vec<RuleCount>,
    callers: Vec<Caller>,
    latest: Vec<RequestEvent>,
}

impl Enforce {
    pub(crate) fn execute(self) -> Outcome {
        let path = self.named.require()?;
        let policy = self.named.load()?;
        let seen = look(&policy, self.days)?;
        match self.format {
            Format::Json => output::print_json(&to_json(&seen, &policy))?,
            Format::Text => output::print(describe(&seen, &policy, self.days))?,
        }
        if policy.spec.mode.value == Mode::Enforce {
            return Ok(Exit::Ok);
        }
        if !(self.yes || self.format == Format::Text && ask(&path)?) {
            return Ok(Exit::Finding);
        }
        switch(&path)?;
        output::complain(&format!("{} now says mode = \"enforce\"", path.display()));
        Ok(Exit::Ok)
    }
}

/// Asks the store; one that is not there yet has seen nothing.
fn look(policy: &Policy, days: u32) -> Result<Seen, Failure> {
    if !policy.events.path.exists() {
        return Ok(Seen::default());
    }
    let reader = Reader::open(&policy.events.path).map_err(Failure::broken)?;
    ask_store(&reader, days).map_err(Failure::broken)
}

fn ask_store(reader: &Reader, days: u32) -> Result<Seen, babyshield_events::Error> {
    let now = SystemClock::start().now();
    let since = Timestamp(now.0.saturating_sub(u64::from(days) * DAY));
    let until = Timestamp(now.0.saturating_add(1));
    let filter = Filter {
        verdicts: STOPPED.to_vec(),
        enforced: Some(false),
        ..Filter::between(since, until)
    };
    let page = reader.events(&filter, None, ROWS)?;
    let latest = page
        .entries
        .into_iter()
        .filter_map(|entry| match entry.event {
            Event::Request(request) => Some(*request),
            Event::System(_) => None,
        });
    let sums = reader.sums(since, until)?.into_iter();
    let stopped = |verdict: &str| STOPPED.iter().any(|own| own.as_str() == verdict);
    let sums = sums.filter(|sum| !sum.enforced && stopped(&sum.verdict));
    Ok(Seen {
        requests: sums.map(|sum| sum.count).sum(),
        rules: reader.top_rules(&filter, ROWS)?,
        callers: reader.top_clients(&filter, ROWS)?,
        latest: latest.collect(),
    })
}

fn describe(seen: &Seen, policy: &Policy, days: u32) -> String {
    let name = &policy.document.source.name;
    let mode = policy.spec.mode.value;
    if mode == Mode::Enforce {
        return format!("{name} enforces already\n");
    }
    let mut text = format!(
        "{name}: mode {}. In the last {days} days {} requests passed that `enforce` would have \
         stopped.\n",
        mode.as_str(),
        seen.requests
    );
    let rules = seen.rules.iter().map(|rule| {
        let [requests, clients] = [rule.requests, rule.clients].map(|number| number.to_string());
        [
            printable(&rule.rule),
            requests,
            clients,
            printable(&rule.message),
        ]
    });
    let callers = seen.callers.iter();
    let callers = callers.map(|caller| [caller.client.to_string(), caller.requests.to_string()]);
    let latest = seen.latest.iter().map(|request| {
        let line = format!(
            "{} {}",
            printable(&request.method),
            printable(&request.target)
        );
        [request.id.to_string(), request.client.to_string(), line]
    });
    let (rules, callers): (Vec<_>, Vec<_>) = (rules.collect(), callers.collect());
    if !rules.is_empty() {
        text.push('\n');
        text.push_str(&output::table(
            ["RULE", "REQUESTS", "CALLERS", "MESSAGE"],
            &rules,
        ));
    }
    if !callers.is_empty() {
        text.push('\n');
        text.push_str(&output::table(["CALLER", "REQUESTS"], &callers));
    }
    let latest: Vec<_> = latest.collect();
    if !latest.is_empty() {
        text.push('\n');
        text.push_str(&output::table(["LATEST", "CALLER", "REQUEST"], &latest));
        text.push_str("\n`babyshield why ID` explains each of them.\n");
    }
    for route in &policy.spec.routes {
        if let Some(own) = route.mode.as_ref().filter(|own| own.value != Mode::Enforce) {
            let line = own.span().map_or(0, |span| span.line_column().0);
            text.push_str(&format!(
                "\nThe route in line {line} keeps its own mode, {}.\n",
                own.as_str()
            ));
        }
    }
    text
}

/// Text out of a request, so that it cannot drive the terminal.
fn printable(text: &str) -> String {
    let short: String = text.chars().take(100).collect();
    short.escape_debug().to_string()
}

fn to_json(seen: &Seen, policy: &Policy) -> serde_json::Value {
    json!({
        "policy": policy.document.source.name,
        "mode": policy.spec.mode.as_str(),
        "would_be_stopped": seen.requests,
        "rules": seen.rules,
        "callers": seen.callers,
        "latest": seen.latest,
    })
}

fn ask(path: &Path) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        output::complain("nobody is there to ask; say --yes to switch");
        return Ok(false);
    }
    output::print(format_args!(
        "\nWrite mode = \"enforce\" into {}? [y/N] ",
        path.display()
    ))?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn switch(path: &Path) -> Result<(), Failure> {
    let text = std::fs::read_to_string(path)?;
    let text = edit::set_mode(&text, Mode::Enforce).map_err(Failure::broken)?;
    Ok(replace(path, &text)?)
}
