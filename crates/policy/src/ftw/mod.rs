//! Test cases in the format of the OWASP CRS regression suites (FTW): what is sent, what is
//! expected. Both forms are read: 3.x (`log_contains`) and 4.x (`log: expect_ids`).

mod bytes;
mod form;
mod yaml;

use std::path::{Path, PathBuf};

use regex_automata::meta::Regex;

/// One test: its stages run one after the other.
#[derive(Debug)]
pub(crate) struct Case {
    /// Such as `942100-1`.
    pub(crate) name: String,
    pub(crate) stages: Vec<Stage>,
}

/// One request and what is expected of it.
#[derive(Debug)]
pub(crate) struct Stage {
    /// Exactly what goes over the wire.
    pub(crate) request: Vec<u8>,
    pub(crate) expect: Expect,
}

/// Everything named here has to hold.
#[derive(Debug, Default)]
pub(crate) struct Expect {
    pub(crate) log: Vec<Log>,
    /// Any one of these; none means any status.
    pub(crate) status: Vec<u16>,
    /// No response at all.
    pub(crate) error: bool,
}

/// What the log must or must not hold.
#[derive(Debug)]
pub(crate) enum Log {
    Matches(String, Regex),
    Lacks(String, Regex),
}

/// A suite as read: its cases, and what could not be read.
#[derive(Debug, Default)]
pub(crate) struct Suite {
    pub(crate) cases: Vec<Case>,
    /// File or case, and why.
    pub(crate) unreadable: Vec<(String, String)>,
}

impl Suite {
    /// Reads every `*.yaml` below a folder, in the order of their paths.
    pub(crate) fn read(folder: &Path) -> std::io::Result<Self> {
        let mut suite = Self::default();
        for path in files(folder)? {
            let name = path
                .strip_prefix(folder)
                .unwrap_or(&path)
                .display()
                .to_string();
            let text = std::fs::read_to_string(&path)?;
            match yaml::read(&text) {
                Ok(found) => {
                    for case in found {
                        match case {
                            Ok(case) => suite.cases.push(case),
                            Err((case, why)) => suite.unreadable.push((case, why)),
                        }
                    }
                }
                Err(why) => suite.unreadable.push((name, why)),
            }
        }
        Ok(suite)
    }
}

fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.extension().is_some_and(|end| end == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
