//! Judges the built-in rules: what they find of public attacks in every place and encoding, what
//! they block of benign requests, and what a decision costs, beside the OWASP CRS.
//!
//! Start with [`offence`] for attacks and [`peace`] for benign requests; the report is written by
//! [`report`].
#![allow(
    clippy::print_stdout,
    reason = "a command-line program speaks on stdout"
)]

mod encoding;
mod judge;
mod leftover;
mod offence;
mod peace;
mod place;
mod report;
mod tally;
mod weigh;
mod whole;
mod work;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use babyshield_corpus::Corpus;
use babyshield_evaluate::attack;
use clap::Parser;

use crate::attack::Class;
use crate::encoding::Encoding;
use crate::judge::{CRS, Judges};
use crate::offence::Choice;
use crate::peace::Draw;
use crate::place::Context;
use crate::report::Findings;

/// Judges the built-in rules by public attacks and benign requests, beside the OWASP CRS.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// Folder of the test data; BABYSHIELD_DATA names it too.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Judge other rules in place of the built-in ones: a SecLang file or a folder of them.
    #[arg(long, default_value = "builtin")]
    rules: PathBuf,
    /// Folder of OWASP CRS 3.3.4, as Debian's modsecurity-crs installs it.
    #[arg(long, default_value = "/usr/share/modsecurity-crs")]
    crs: PathBuf,
    /// Leave the CRS out.
    #[arg(long)]
    no_crs: bool,
    /// Only these classes of attacks, such as sqli,xss; `none` for no attacks.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Only these places, such as query,json.
    #[arg(long, value_delimiter = ',')]
    contexts: Vec<String>,
    /// Only these encodings, such as plain,base64.
    #[arg(long, value_delimiter = ',')]
    encodings: Vec<String>,
    /// Lines of a list at most.
    #[arg(long)]
    limit: Option<usize>,
    /// Every line in every place and encoding; takes hours.
    #[arg(long)]
    full: bool,
    /// Levels of the built-in rules.
    #[arg(long, value_delimiter = ',', default_value = "1,2,3,4")]
    levels: Vec<u8>,
    /// Requests of the benign corpus.
    #[arg(long, default_value_t = 50_000)]
    benign: u64,
    /// Only kinds of the benign corpus whose names begin so, such as code,chat; all alike.
    #[arg(long, value_delimiter = ',')]
    kinds: Vec<String>,
    /// Seed of the benign corpus.
    #[arg(long, default_value_t = babyshield_corpus::REPORTED)]
    seed: u64,
    /// Write the misses of the tuning part, by cause.
    #[arg(long)]
    misses: Option<PathBuf>,
    /// Write the benign requests that are blocked, by rule.
    #[arg(long)]
    false_positives: Option<PathBuf>,
    /// Write the requests written by hand that are judged wrongly, with what matched.
    #[arg(long)]
    wrong: Option<PathBuf>,
    /// Write this many requests of the corpus, one a file, and stop.
    #[arg(long, value_name = "COUNT", requires = "folder")]
    sample: Option<u64>,
    /// Where the sample goes.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Where the report goes; a run that leaves something out prints it instead.
    #[arg(long, default_value_os_t = from_root("evaluate/results.md"))]
    results: PathBuf,
}

/// Lines of a list in an ordinary run.
const LINES: usize = 6000;

impl Options {
    fn data(&self) -> PathBuf {
        let named = self.data.clone().or_else(data_of_environment);
        named.unwrap_or_else(|| from_root("../shared/data"))
    }

    /// Whether everything is judged, so that the report is worth keeping.
    fn is_whole(&self) -> bool {
        let all = [&self.only, &self.contexts, &self.encodings, &self.kinds]
            .iter()
            .all(|own| own.is_empty());
        let rules = self.rules == Path::new("builtin") && self.levels == [1, 2, 3, 4];
        let sets = rules && !self.no_crs;
        all && sets && self.limit.is_none() && self.benign >= 50_000
    }

    fn choice(&self) -> Result<Choice, String> {
        let none = self.only == ["none"];
        Ok(Choice {
            classes: if none {
                Vec::new()
            } else {
                named(&self.only, &Class::ALL, Class::find)?
            },
            contexts: named(&self.contexts, &Context::ALL, Context::find)?,
            encodings: named(&self.encodings, &Encoding::ALL, Encoding::find)?,
            full: self.full,
            lines: self
                .limit
                .unwrap_or(if self.full { usize::MAX } else { LINES }),
        })
    }
}

fn named<T: Copy>(
    names: &[String],
    all: &[T],
    find: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, String> {
    if names.is_empty() {
        return Ok(all.to_vec());
    }
    let one = |name: &String| find(name).ok_or_else(|| format!("there is no `{name}`"));
    names.iter().map(one).collect()
}

#[allow(
    clippy::disallowed_methods,
    reason = "a program's own edge, as in `cli`"
)]
fn data_of_environment() -> Option<PathBuf> {
    std::env::var("BABYSHIELD_DATA").ok().map(PathBuf::from)
}

/// A path below the project's root.
fn from_root(path: &str) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).join(path)
}

fn main() -> ExitCode {
    let options = Options::parse();
    let done = match (options.sample, &options.folder) {
        (Some(count), Some(folder)) => sample(options.seed, count, folder),
        _ => evaluate(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("evaluate: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// Writes benign requests as `babyshield replay` reads them.
fn sample(seed: u64, count: u64, folder: &Path) -> Result<(), String> {
    let corpus = Corpus::new(seed).map_err(|fault| fault.to_string())?;
    let fault = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(fault)?;
    for sample in corpus.distinct(count) {
        let name = format!("{:06}-{}.white", sample.number, sample.kind.name);
        fs::write(folder.join(name), sample.message.to_bytes()).map_err(fault)?;
    }
    println!("{count} requests in {}", folder.display());
    Ok(())
}

fn evaluate(options: &Options) -> Result<(), String> {
    let choice = options.choice()?;
    let data = options.data();
    let mut found = Findings {
        command: command(),
        attacks: attack::read(&data),
        ..Findings::default()
    };
    found.skipped.clone_from(&found.attacks.absent);
    let crs = (!options.no_crs && options.crs.is_dir()).then_some(options.crs.as_path());
    if crs.is_none() && !options.no_crs {
        found.skipped.push("OWASP CRS 3.3.4".to_owned());
    }
    let judges = Judges::load(&options.rules, &options.levels, crs)?;
    // What is printed of leftovers is of the lowest level that takes part.
    let level = (0..CRS).find(|set| judges.has(*set)).unwrap_or(CRS);
    if !choice.classes.is_empty() {
        found.detection = Some(offence::run(&found.attacks.list, &choice, &judges, level));
    }
    if options.benign > 0 {
        let draw = Draw {
            seed: options.seed,
            count: options.benign,
            kinds: options.kinds.clone(),
        };
        found.corpus = Some(peace::corpus(&draw, &judges, level)?);
        let (lists, absent) = peace::lists(&data, &judges, level);
        found.lists = Some(lists);
        found.skipped.extend(absent);
        found.csic = ["normal", "anomalous"].map(|label| peace::csic(&data, label, &judges, level));
        if found.csic.iter().any(Option::is_none) {
            found.skipped.push("csic-2010-dev.jsonl".to_owned());
        }
    }
    found.weighing = weigh::micros_per_kilobyte(&found.attacks.list);
    found.whole = Some(whole::run(&from_root("evaluate/requests"), &judges, level)?);
    write(options, &found, &judges)
}

fn command() -> String {
    // Where lists of leftovers go changes no figure, and is nobody's business.
    const PLACES: [&str; 5] = [
        "--misses",
        "--false-positives",
        "--wrong",
        "--results",
        "--data",
    ];
    let mut words = vec!["cargo xtask evaluate".to_owned()];
    let mut arguments = std::env::args().skip(1);
    while let Some(own) = arguments.next() {
        if PLACES.contains(&own.as_str()) {
            arguments.next();
        } else {
            words.push(own);
        }
    }
    words.join(" ")
}

fn write(options: &Options, found: &Findings, judges: &Judges) -> Result<(), String> {
    let keep = |path: &Path, text: String| {
        fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    if let (Some(path), Some(detection)) = (&options.misses, &found.detection) {
        keep(path, leftover::misses(&detection.misses))?;
    }
    if let (Some(path), Some(whole)) = (&options.wrong, &found.whole) {
        keep(path, leftover::wrong(whole))?;
    }
    if let Some(path) = &options.false_positives {
        let [normal, _] = &found.csic;
        let all = [&found.corpus, &found.lists, normal];
        let alarms = all
            .into_iter()
            .flatten()
            .flat_map(|calm| calm.alarms.clone());
        keep(path, leftover::alarms(&alarms.collect::<Vec<_>>()))?;
    }
    let text = report::write(found, judges);
    if options.is_whole() {
        keep(&options.results, text)?;
        println!("the report is in {}", options.results.display());
    } else {
        println!("{text}");
    }
    Ok(())
}
