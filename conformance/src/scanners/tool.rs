//! The scanners, each bounded in time, and how to read what they found.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::Target;

/// A scanner of Debian's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Sqlmap,
    Wapiti,
    Ffuf,
    Slowhttptest,
}

pub(crate) const TOOLS: [Tool; 4] = [Tool::Sqlmap, Tool::Wapiti, Tool::Ffuf, Tool::Slowhttptest];

/// What a scanner found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// How many holes.
    pub(crate) holes: usize,
    /// The same for a reader.
    pub(crate) text: String,
}

const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
/// Seconds after which a scanner is stopped whatever it is doing.
const BOUND: &str = "180";
/// Connections slowhttptest tries to hold.
const SLOW: usize = 200;

impl Tool {
    /// Its name, which is also its program's and its Debian package's.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlmap => "sqlmap",
            Self::Wapiti => "wapiti",
            Self::Ffuf => "ffuf",
            Self::Slowhttptest => "slowhttptest",
        }
    }

    /// Why it cannot run, if so.
    pub(crate) fn is_absent(self, payloads: &Path) -> Option<String> {
        let probe = Command::new(self.name())
            .arg("-h")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let name = self.name();
        if probe.is_err() {
            return Some(format!(
                "{name} is not installed; on Debian: apt install {name}"
            ));
        }
        let list = traversal(payloads);
        let missing = self == Self::Ffuf && !list.exists();
        missing.then(|| format!("its payloads are absent ({})", list.display()))
    }

    pub(crate) fn run(self, target: &Target) -> Result<Found, String> {
        match self {
            Self::Sqlmap => sqlmap(target),
            Self::Wapiti => wapiti(target),
            Self::Ffuf => ffuf(target),
            Self::Slowhttptest => slowhttptest(target),
        }
    }
}

fn traversal(payloads: &Path) -> std::path::PathBuf {
    payloads.join("path-traversal.txt")
}

/// Runs a scanner to its end or its bound; what it prints on standard output.
fn output(tool: Tool, target: &Target, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("timeout")
        .args(["--kill-after=5", BOUND, tool.name()])
        .args(arguments)
        .current_dir(target.folder.path())
        .stdin(Stdio::null())
        .output()
        .map_err(|fault| format!("timeout does not start: {fault}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn read(target: &Target, name: &str) -> Result<String, String> {
    fs::read_to_string(target.folder.path().join(name))
        .map_err(|fault| format!("the scanner left no {name}: {fault}"))
}

/// Tries to inject into the search's `category` and to read the accounts.
fn sqlmap(target: &Target) -> Result<Found, String> {
    let url = format!(
        "http://{}/v1/recalls?q=crib&category=strollers",
        target.address
    );
    let agent = format!("--user-agent={AGENT}");
    let text = output(
        Tool::Sqlmap,
        target,
        &[
            "--url",
            &url,
            "-p",
            "category",
            "--batch",
            "--level=2",
            "--technique=BEU",
            "--timeout=5",
            "--retries=0",
            "--flush-session",
            "--disable-coloring",
            "--output-dir=sqlmap",
            &agent,
            "--dump",
            "-T",
            "account",
        ],
    )?;
    let conclusion =
        text.contains("injection point(s)") || text.contains("not appear to be injectable");
    let refused = text.contains("not injectable") || text.contains("[CRITICAL]");
    if !(conclusion || refused) {
        return Err(format!("sqlmap came to no conclusion:\n{text}"));
    }
    let ways = text.matches("\n    Type: ").count();
    let rows = text
        .lines()
        .find_map(|line| line.strip_prefix('[')?.strip_suffix(" entries]"))
        .unwrap_or("no");
    Ok(Found {
        holes: ways,
        text: match ways {
            0 => "nothing".to_owned(),
            _ => format!("{ways} way(s) to inject SQL; {rows} accounts with passwords read"),
        },
    })
}

/// Crawls from the front page and tries injections, scripts, files and commands.
fn wapiti(target: &Target) -> Result<Found, String> {
    let url = format!("http://{}/", target.address);
    output(
        Tool::Wapiti,
        target,
        &[
            "--url",
            &url,
            "--module",
            "sql,xss,file,exec",
            "--flush-session",
            "--format",
            "json",
            "--output",
            "wapiti.json",
            "--max-scan-time",
            "120",
            "--depth",
            "3",
            "--user-agent",
            AGENT,
            "--store-session",
            "wapiti",
            "--no-bugreport",
        ],
    )?;
    let report: Value = serde_json::from_str(&read(target, "wapiti.json")?)
        .map_err(|fault| format!("wapiti's report is not JSON: {fault}"))?;
    let classes = |key: &str| {
        let found = report.get(key).and_then(Value::as_object);
        let counts = found.into_iter().flatten().filter_map(|(class, list)| {
            let count = list.as_array().map_or(0, Vec::len);
            (count > 0).then(|| (class.clone(), count))
        });
        counts.collect::<Vec<_>>()
    };
    let holes = classes("vulnerabilities");
    let all = holes.iter().cloned().chain(classes("anomalies"));
    let all: Vec<String> = all
        .map(|(class, count)| format!("{class} {count}"))
        .collect();
    Ok(Found {
        holes: holes.iter().map(|(_, count)| count).sum(),
        text: if all.is_empty() {
            "nothing".to_owned()
        } else {
            all.join(", ")
        },
    })
}

/// Tries a few thousand spellings of `../../etc/passwd` on the download.
fn ffuf(target: &Target) -> Result<Found, String> {
    let url = format!("http://{}/v1/files?name=FUZZ", target.address);
    let list = traversal(&target.payloads).display().to_string();
    let agent = format!("User-Agent: {AGENT}");
    output(
        Tool::Ffuf,
        target,
        &[
            "-u",
            &url,
            "-w",
            &list,
            "-H",
            &agent,
            "-mr",
            "root:x:0:0",
            "-t",
            "10",
            "-timeout",
            "5",
            "-maxtime",
            "120",
            "-of",
            "json",
            "-o",
            "ffuf.json",
            "-s",
        ],
    )?;
    let report: Value = serde_json::from_str(&read(target, "ffuf.json")?)
        .map_err(|fault| format!("ffuf's report is not JSON: {fault}"))?;
    let results = report.get("results").and_then(Value::as_array);
    let holes = results.map_or(0, Vec::len);
    Ok(Found {
        holes,
        text: match holes {
            0 => "nothing".to_owned(),
            _ => format!("{holes} spellings that read /etc/passwd"),
        },
    })
}

/// Sends heads a few bytes at a time and sees how many connections it still holds at the end.
fn slowhttptest(target: &Target) -> Result<Found, String> {
    let url = format!("http://{}/", target.address);
    let count = SLOW.to_string();
    let text = output(
        Tool::Slowhttptest,
        target,
        &[
            "-H", "-c", &count, "-r", "100", "-i", "3", "-x", "24", "-p", "3", "-l", "30", "-g",
            "-o", "slow", "-u", &url,
        ],
    )?;
    let table = read(target, "slow.csv")?;
    let last: Vec<&str> = table
        .lines()
        .last()
        .unwrap_or_default()
        .split(',')
        .collect();
    let number = |at: usize| last.get(at).and_then(|field| field.parse::<usize>().ok());
    let (Some(second), Some(connected)) = (number(0), number(3)) else {
        return Err(format!("slowhttptest's table is odd: {last:?}"));
    };
    // The table's last line is from before the last connection went.
    let gone = text.contains("No open connections left");
    let held = if gone { 0 } else { connected };
    Ok(Found {
        holes: held,
        text: format!("{held} of {SLOW} slow connections held after {second} s"),
    })
}
