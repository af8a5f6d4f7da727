use std::io::{self, BufWriter, IsTerminal, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use babyshield_policy::replay::{self, Entry, Summary};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::{self, Exit, Failure, Outcome};
use crate::policy::Named;

/// Rules and classes in the summary.
const ROWS: usize = 20;

/// Stands for all callers; the block is set aside for documentation, so nobody has it (RFC 5737).
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// Decide recorded requests offline
///
/// Decided is what `enforce` mode would decide, whatever the policy's mode. Read are raw HTTP
/// files with one request each, HAR files (.har), JSON lines (.jsonl, .ndjson) with `request` or
/// with `method`, `uri`, `headers` and `body`, and folders of these. Rate limits are left out
/// unless --limits says how far apart the requests came, since records do not say.
///
/// A file named *.black or *.white, or a `label` field (normal, benign, white, legit; attack,
/// anomalous, malicious, black), says what a request is; then detection rate, false-positive rate
/// and accuracy are told.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 every record was decided; 1 some could not be read, each \
                        told on standard error, or there was none; 2 the policy is wrong."
)]
pub(crate) struct Replay {
    /// Files and folders.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    named: Named,
    /// `text` and `json` print the summary; `jsonl` prints one line a request, and the summary on
    /// standard error.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Who is taken for the caller of all requests.
    #[arg(long, default_value_t = CLIENT)]
    client: IpAddr,
    /// Count by rate limits too, as if the requests had come one after another, so far apart:
    /// "0ms", "250ms", "1s".
    #[arg(long, value_name = "TIME", value_parser = apart)]
    limits: Option<Duration>,
    /// How many requests are decided at once [default: one a core].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
}

/// Who reads the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// People.
    #[default]
    Text,
    /// Machines, the summary.
    Json,
    /// Machines, every request.
    Jsonl,
}

impl Replay {
    pub(crate) fn execute(self) -> Outcome {
        let policy = self.named.load_or_default()?;
        let mut replay = replay::Replay::new(&policy, self.client);
        if let Some(apart) = self.limits {
            replay = replay.with_limits(&policy, apart);
        }
        let cores = self.jobs.map_or_else(cores, usize::from);
        let progress = progress();
        let mut out = BufWriter::new(io::stdout().lock());
        let mut failed = Ok(());
        let summary = replay.run(&self.paths, cores, &mut |entry| {
            progress.inc(1);
            if let Err(fault) = &entry.outcome {
                progress.suspend(|| output::complain(&told(entry, fault)));
            }
            if self.format == Format::Jsonl {
                failed = line(&mut out, entry);
            }
            failed.is_ok()
        });
        progress.finish_and_clear();
        failed?;
        out.flush()?;
        drop(out);
        match self.format {
            Format::Text => output::print(describe(&summary))?,
            Format::Json => output::print_json(&summary)?,
            Format::Jsonl => io::stderr().write_all(describe(&summary).as_bytes())?,
        }
        if summary.requests == 0 && summary.unreadable == 0 {
            output::complain("there is no request in what was named");
            return Ok(Exit::Finding);
        }
        Ok(match summary.unreadable {
            0 => Exit::Ok,
            _ => Exit::Finding,
        })
    }
}

fn apart(text: &str) -> Result<Duration, String> {
    let fault = || format!("`{text}` is not a duration, such as \"250ms\"");
    babyshield_gateway::duration::parse(text).ok_or_else(fault)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Shown on a terminal only; there is no end to measure against before all was read.
fn progress() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} requests, {per_sec}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn told(entry: &Entry, fault: &replay::Unreadable) -> String {
    let file = entry.file.display();
    match entry.number {
        Some(number) => format!("{file}:{number}: {fault}"),
        None => format!("{file}: {fault}"),
    }
}

fn line(out: &mut impl Write, entry: &Entry) -> Result<(), Failure> {
    serde_json::to_writer(&mut *out, entry).map_err(io::Error::from)?;
    out.write_all(b"\n")?;
    Ok(())
}

fn describe(summary: &Summary) -> String {
    let mut text = format!(
        "{}: {} allowed, {} blocked",
        output::count(summary.requests, "request"),
        summary.allowed,
        summary.blocked
    );
    if summary.limited > 0 {
        text.push_str(&format!(", {} over a limit", summary.limited));
    }
    if summary.unreadable > 0 {
        let records = output::count(summary.unreadable, "record");
        text.push_str(&format!("; {records} could not be read"));
    }
    text.push_str(&format!(
        "\nCPU time of a decision: median {:.1} µs, p99 {:.1} µs, mean {:.1} µs\n",
        summary.micros.median, summary.micros.p99, summary.micros.mean
    ));
    if let Some(labelled) = &summary.labelled {
        text.push_str(&format!(
            "\ndetection rate       {} ({} of {} attacks)\nfalse-positive rate  {} ({} of {} benign)\n\
             accuracy             {}\n",
            percent(labelled.detection_rate),
            labelled.true_positives,
            labelled.true_positives + labelled.false_negatives,
            percent(labelled.false_positive_rate),
            labelled.false_positives,
            labelled.false_positives + labelled.true_negatives,
            percent(labelled.accuracy),
        ));
    }
    push_counts(
        &mut text,
        "LAYER",
        summary.by_layer.iter().map(|(name, count)| (*name, *count)),
    );
    let by = |counts: &std::collections::BTreeMap<String, u64>| -> Vec<(String, u64)> {
        counts
            .iter()
            .map(|(name, count)| (name.clone(), *count))
            .collect()
    };
    for (head, counts) in [
        ("CLASS", by(&summary.by_class)),
        ("RULE", by(&summary.by_rule)),
    ] {
        let counts = counts.iter().map(|(name, count)| (name.as_str(), *count));
        push_counts(&mut text, head, counts);
    }
    text
}

fn percent(share: Option<f64>) -> String {
    share.map_or("–".to_owned(), |share| format!("{:.2} %", share * 100.0))
}

fn push_counts<'a>(text: &mut String, head: &str, counts: impl Iterator<Item = (&'a str, u64)>) {
    let mut counts: Vec<(&str, u64)> = counts.collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    if counts.is_empty() {
        return;
    }
    let left = counts.len().saturating_sub(ROWS);
    let rows = counts.iter().take(ROWS);
    let rows: Vec<[String; 2]> = rows
        .map(|(name, count)| [(*name).to_owned(), count.to_string()])
        .collect();
    text.push('\n');
    text.push_str(&output::table([head, "REQUESTS"], &rows));
    if left > 0 {
        text.push_str(&format!("… and {left} more\n"));
    }
}
