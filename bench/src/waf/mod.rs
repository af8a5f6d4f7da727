//! The rule engine beside its peers: CPU time of each request, in one run, taking turns.
//!
//! Every engine is a process of its own (see [`subject`]). All judge the same requests
//! ([`traffic`], [`attacks`]) with the same rules, as many at a time before the next engine has its
//! turn; the time of a request is the median over the rounds.

mod attacks;
mod bytes;
mod engine;
mod everyday;
mod report;
mod subject;
mod threads;
mod traffic;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use babyshield_conformance::rules::{Origin, Prepared, Settings};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::Options;
pub(crate) use engine::{Engine, serve};
use report::{Row, Table};
use subject::{Kind, Subject, Told};

/// Requests an engine judges before it is the next one's turn.
const TURN: usize = 50;
/// How many of the kinds of requests are made here; each rule set meets them.
const MADE: usize = 2;
/// Requests each engine judges before anything counts.
const WARM: usize = 150;

/// A request as all engines are given it. Text holds one byte a character.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    #[serde(with = "bytes")]
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Bytes on the wire.
    pub(crate) fn len(&self) -> usize {
        let headers: usize = self
            .headers
            .iter()
            .map(|(a, b)| a.len() + b.len() + 4)
            .sum();
        self.method.len() + self.target.len() + 12 + headers + 2 + self.body.len()
    }
}

/// A rule set for all engines.
struct Rules {
    title: &'static str,
    folder: Prepared,
}

/// Requests of one kind, and the file all engines read them from.
struct Corpus {
    title: String,
    requests: usize,
    file: PathBuf,
}

pub(crate) fn run(options: &Options) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|fault| fault.to_string())?;
    let corpora = corpora(options, &folder)?;
    let (rules, mut notes) = rule_sets(options)?;
    let mut tables = Vec::new();
    for set in &rules {
        for corpus in corpora.iter().take(MADE) {
            let kinds = kinds(options, set, &mut notes);
            tables.push(measure(set.title, &kinds, corpus, options, &mut notes)?);
        }
    }
    for corpus in &corpora {
        let (title, kinds) = builtin(options, &rules, &mut notes);
        tables.push(measure(&title, &kinds, corpus, options, &mut notes)?);
    }
    let mut scaling = Vec::new();
    if let Some(benign) = corpora.first() {
        for set in &rules {
            let own = threads::measure(set.folder.path(), &benign.file)?;
            scaling.push((set.title, own));
        }
    }
    let text = report::text(&tables, &scaling, &notes, options);
    println!("{text}");
    if !options.check {
        let file = options.results.clone();
        let file = file.unwrap_or_else(|| crate::from_root("bench/results-waf.md"));
        fs::write(file, text).map_err(|fault| fault.to_string())?;
    }
    Ok(())
}

/// Our own rules, beside the peers with the first rule set there is: what somebody would run otherwise.
fn builtin(options: &Options, sets: &[Rules], notes: &mut Vec<String>) -> (String, Vec<Kind>) {
    let mut all = vec![Kind::Ours(PathBuf::from("builtin"))];
    let Some(set) = sets.first() else {
        return ("built-in rules".to_owned(), all);
    };
    all.extend(kinds(options, set, notes).into_iter().skip(1));
    (
        format!("built-in rules, the others with {}", set.title),
        all,
    )
}

fn corpora(options: &Options, folder: &TempDir) -> Result<Vec<Corpus>, String> {
    let count = options.requests as usize;
    let benign = traffic::generate(count);
    let attacks = attacks::read(&options.data(), count)?;
    [
        ("benign, as browsers send it", benign),
        ("attacks", attacks),
        ("everyday, of the benign corpus", everyday::read(count)?),
    ]
    .into_iter()
    .map(|(name, requests)| corpus(name, &requests, folder.path()))
    .collect()
}

fn corpus(name: &str, requests: &[Request], folder: &Path) -> Result<Corpus, String> {
    let mut sizes: Vec<usize> = requests.iter().map(Request::len).collect();
    sizes.sort_unstable();
    let at = |share: f64| report::quantile(&sizes, share);
    let title = format!(
        "{name}: {} requests, median {} bytes, the largest {}",
        requests.len(),
        at(0.5),
        at(1.0)
    );
    let mut text = String::new();
    for request in requests {
        text.push_str(&serde_json::to_string(request).map_err(|fault| fault.to_string())?);
        text.push('\n');
    }
    let file = folder.join(format!("{}.jsonl", name.split(',').next().unwrap_or(name)));
    fs::write(&file, text).map_err(|fault| fault.to_string())?;
    Ok(Corpus {
        title,
        requests: requests.len(),
        file,
    })
}

/// The rule sets there are; what is absent is named.
fn rule_sets(options: &Options) -> Result<(Vec<Rules>, Vec<String>), String> {
    let crs4 = options.crs4();
    let origins = [
        (
            "OWASP CRS 4.28.0, level 1",
            crs4.join("crs-setup.conf.example"),
            crs4.join("rules"),
        ),
        (
            "OWASP CRS 3.3.4, level 1",
            options.crs3_setup.clone(),
            options.crs3_rules.clone(),
        ),
    ];
    let (mut sets, mut notes) = (Vec::new(), Vec::new());
    for (title, setup, rules) in origins {
        if !setup.is_file() {
            notes.push(format!("{title}: skipped, {} is absent", setup.display()));
            continue;
        }
        let folder = Prepared::new(&Origin { setup, rules }, Settings::Defaults)
            .map_err(|fault| format!("{title}: {fault}"))?;
        let left_out = write_main(folder.path()).map_err(|fault| fault.to_string())?;
        notes.extend(left_out.iter().map(|name| {
            format!("{title}: the peers go without {name}, since libmodsecurity's package has no @geoLookup")
        }));
        sets.push(Rules { title, folder });
    }
    if sets.is_empty() {
        return Err(notes.join("; "));
    }
    Ok((sets, notes))
}

/// libmodsecurity and zentinel-modsec start from a file, `main.conf`. Returns the rule files it leaves
/// out, because libmodsecurity as it is packaged would refuse them.
fn write_main(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut rules: Vec<PathBuf> = fs::read_dir(folder.join("rules"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "conf"))
        .collect();
    rules.sort();
    let mut text = format!("Include {}\n", folder.join("crs-setup.conf").display());
    let mut left_out = Vec::new();
    for path in rules {
        if fs::read_to_string(&path)?.contains("@geoLookup") {
            let name = path.file_name().unwrap_or_default();
            left_out.push(name.to_string_lossy().into_owned());
        } else {
            writeln!(text, "Include {}", path.display()).ok();
        }
    }
    fs::write(folder.join("main.conf"), text)?;
    Ok(left_out)
}

/// The engines that take part; each that does not is named once.
fn kinds(options: &Options, set: &Rules, notes: &mut Vec<String>) -> Vec<Kind> {
    let main = set.folder.path().join("main.conf");
    let mut kinds = vec![Kind::Ours(set.folder.path().to_owned())];
    let mut absent = |why: &str| add(notes, why.to_owned());
    if options.python.join("libmodsecurity").is_dir() {
        kinds.push(Kind::LibModSecurity {
            main: main.clone(),
            library: options.python.clone(),
        });
    } else {
        absent("libmodsecurity: skipped, the Python package is not installed");
    }
    if cfg!(feature = "zentinel") {
        kinds.push(Kind::Zentinel(main));
    } else {
        absent("zentinel-modsec: skipped, this was built without the feature `zentinel`");
    }
    kinds
}

fn add(notes: &mut Vec<String>, own: String) {
    if !notes.contains(&own) {
        notes.push(own);
    }
}

/// One rule set over one kind of requests, all engines taking turns.
fn measure(
    rules: &str,
    kinds: &[Kind],
    corpus: &Corpus,
    options: &Options,
    notes: &mut Vec<String>,
) -> Result<Table, String> {
    let mut subjects = Vec::new();
    for kind in kinds {
        match Subject::start(kind, &corpus.file) {
            Ok(mut subject) => {
                subject.judge(0, WARM.min(corpus.requests))?;
                subjects.push(subject);
            }
            Err(fault) if matches!(kind, Kind::Ours(_)) => return Err(fault),
            Err(fault) => add(
                notes,
                format!("{rules}: {} is missing: {fault}", kind.name()),
            ),
        }
    }
    let mut times: Vec<Vec<Vec<Told>>> = vec![vec![Vec::new(); corpus.requests]; subjects.len()];
    for round in 0..options.rounds as usize {
        for first in (0..corpus.requests).step_by(TURN) {
            for turn in 0..subjects.len() {
                let at = (round + first / TURN + turn) % subjects.len();
                let (Some(subject), Some(times)) = (subjects.get_mut(at), times.get_mut(at)) else {
                    continue;
                };
                let told = subject.judge(first, (first + TURN).min(corpus.requests))?;
                for (own, told) in times.iter_mut().skip(first).zip(told) {
                    own.push(told);
                }
            }
        }
        eprintln!("{rules}; {}: round {} done", corpus.title, round + 1);
    }
    let rows = subjects
        .iter()
        .zip(times)
        .map(|(subject, times)| Row::new(subject, &times))
        .collect();
    Ok(Table {
        title: format!("{rules}; {}", corpus.title),
        rows,
    })
}
