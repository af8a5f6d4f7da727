//! An engine under measurement: a process that judges requests when told to.
//!
//! It is started with rules and a file of requests, one JSON object a line, and speaks JSON lines:
//! first what loading cost (`load` in nanoseconds, `memory` in KiB, its `name`); then, for every
//! line `FIRST LAST` it reads, a list of `[nanoseconds of CPU time, whether it was stopped]`, one for
//! each request of that range.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::{Deserialize, Serialize};

use crate::process;

/// Which engine, with which rules.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// BabyShield's; a rule directory, or `builtin`.
    Ours(PathBuf),
    LibModSecurity {
        main: PathBuf,
        library: PathBuf,
    },
    Zentinel(PathBuf),
}

/// What loading the rules cost.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Ready {
    /// Nanoseconds.
    pub(crate) load: u64,
    /// KiB by which resident memory grew.
    pub(crate) memory: i64,
    pub(crate) name: String,
}

/// CPU time of one request in nanoseconds, and whether it was stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Told(pub(crate) u64, pub(crate) bool);

/// A running engine; it ends with this value.
#[derive(Debug)]
pub(crate) struct Subject {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    pub(crate) ready: Ready,
    /// Resident KiB once the rules were loaded.
    loaded: i64,
}

impl Subject {
    pub(crate) fn start(kind: &Kind, requests: &Path) -> Result<Self, String> {
        let errors = tempfile::NamedTempFile::new().map_err(|fault| fault.to_string())?;
        let log = errors.reopen().map_err(|fault| fault.to_string())?;
        let child = kind
            .command(requests)?
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn();
        let mut child = child.map_err(|fault| format!("it does not start: {fault}"))?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("a process without pipes".to_owned());
        };
        let mut own = Self {
            child,
            to,
            from: BufReader::new(from),
            ready: Ready::default(),
            loaded: 0,
        };
        own.ready = own.read().map_err(|fault| {
            let errors = std::fs::read_to_string(errors.path()).unwrap_or_default();
            if errors.is_empty() {
                fault
            } else {
                errors.trim().to_owned()
            }
        })?;
        own.loaded = own.resident();
        Ok(own)
    }

    /// KiB by which resident memory has grown since before the rules were loaded.
    pub(crate) fn grown(&self) -> i64 {
        self.ready.memory + self.resident() - self.loaded
    }

    fn resident(&self) -> i64 {
        i64::try_from(process::resident(self.child.id())).unwrap_or_default()
    }

    /// Has a range of the requests judged.
    pub(crate) fn judge(&mut self, first: usize, last: usize) -> Result<Vec<Told>, String> {
        writeln!(self.to, "{first} {last}").map_err(|fault| fault.to_string())?;
        self.to.flush().map_err(|fault| fault.to_string())?;
        let told: Vec<Told> = self.read()?;
        if told.len() == last - first {
            Ok(told)
        } else {
            Err(format!(
                "{} judged {} of {}",
                self.ready.name,
                told.len(),
                last - first
            ))
        }
    }

    fn read<T: for<'de> Deserialize<'de>>(&mut self) -> Result<T, String> {
        let mut line = String::new();
        self.from
            .read_line(&mut line)
            .map_err(|fault| fault.to_string())?;
        serde_json::from_str(&line).map_err(|fault| format!("{fault}: {line:?}"))
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Kind {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Ours(_) => "BabyShield",
            Self::LibModSecurity { .. } => "libmodsecurity",
            Self::Zentinel(_) => "zentinel-modsec",
        }
    }

    fn command(&self, requests: &Path) -> Result<Command, String> {
        match self {
            Self::LibModSecurity { main, library } => {
                let driver = crate::from_root("bench/drive_libmodsecurity.py");
                let mut command = Command::new("python3");
                command.arg(driver).arg(main).arg(requests);
                command.env("PYTHONPATH", library);
                Ok(command)
            }
            Self::Ours(rules) => own_program("ours", rules, requests),
            Self::Zentinel(main) => own_program("zentinel", main, requests),
        }
    }
}

/// This program again, as an engine.
fn own_program(engine: &str, rules: &Path, requests: &Path) -> Result<Command, String> {
    let program = std::env::current_exe().map_err(|fault| fault.to_string())?;
    let mut command = Command::new(program);
    command.args(["subject", "--engine", engine, "--rules"]);
    command.arg(rules).arg("--corpus").arg(requests);
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_a_pair() {
        let told: Vec<Told> = serde_json::from_str("[[1200, false], [7, true]]").unwrap();
        assert_eq!(told, [Told(1200, false), Told(7, true)]);
        assert_eq!(
            serde_json::to_string(&told).unwrap(),
            "[[1200,false],[7,true]]"
        );
    }
}
