//! Regression tests of rules, in the format of the OWASP CRS suites (FTW): what is sent, what is
//! expected of the log. Both forms are read: 3.x (`log_contains`) and 4.x (`log: expect_ids`).
//!
//! [`Suite`] reads the cases, [`Bench`] runs them against rules, without a socket, and
//! [`Expect::check`] says whether the log is as expected.

mod bytes;
mod form;
mod judge;
mod run;
mod upstream;
mod wire;
mod yaml;

use std::path::{Path, PathBuf};

use regex_automata::meta::Regex;

pub use judge::{Fault, Judged};
pub use run::{Bench, Ran, Tested};
pub use upstream::{Answer, Asked, Upstream};

/// Folders within folders that are followed.
const MAX_DEPTH: usize = 64;

/// One test: its stages run one after the other.
#[derive(Debug)]
pub struct Case {
    /// Such as `942100-1`.
    pub name: String,
    /// Where it is written.
    pub file: String,
    /// At least one.
    pub stages: Vec<Stage>,
}

/// One request and what is expected of it.
#[derive(Debug)]
pub struct Stage {
    /// Exactly what goes over the wire.
    pub request: Vec<u8>,
    /// What is to come of it.
    pub expect: Expect,
    /// Whose form it is written in.
    pub client: Client,
}

/// Which client's habits apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// pyftw, for 3.x.
    V3,
    /// go-ftw, for 4.x.
    V4,
}

/// Everything named here has to hold.
#[derive(Debug, Default)]
pub struct Expect {
    /// What the log holds and lacks.
    pub log: Vec<Log>,
    /// Any one of these; none means any status.
    pub status: Vec<u16>,
    /// No response at all.
    pub error: bool,
}

impl std::fmt::Display for Expect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut wanted: Vec<String> = self.log.iter().map(Log::to_string).collect();
        if !self.status.is_empty() {
            let any: Vec<String> = self.status.iter().map(u16::to_string).collect();
            wanted.push(format!("status {}", any.join(" or ")));
        }
        if self.error {
            wanted.push("no response".to_owned());
        }
        f.write_str(&wanted.join(", "))
    }
}

impl std::fmt::Display for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Matches(text, _) => f.write_str(text),
            Self::Lacks(text, _) => write!(f, "not {text}"),
        }
    }
}

/// What the log must or must not hold.
#[derive(Debug)]
pub enum Log {
    /// A line in which this pattern, as written, is found.
    Matches(String, Regex),
    /// No such line.
    Lacks(String, Regex),
}

/// A suite as read: its cases, and what could not be read.
#[derive(Debug, Default)]
pub struct Suite {
    /// In the order of files and of the cases in them.
    pub cases: Vec<Case>,
    /// File or case, and why.
    pub unreadable: Vec<(String, String)>,
}

impl Suite {
    /// Reads every `*.yaml` and `*.yml` below a folder, in the order of their paths.
    ///
    /// # Errors
    /// A folder or a file cannot be read.
    pub fn read(folder: &Path) -> std::io::Result<Self> {
        let mut suite = Self::default();
        suite.add(folder, folder, MAX_DEPTH)?;
        Ok(suite)
    }

    /// Reads files, and folders as [`Suite::read`] does.
    ///
    /// # Errors
    /// The first file or folder that cannot be read, and why.
    pub fn of(paths: &[PathBuf]) -> Result<Self, (PathBuf, std::io::Error)> {
        let mut suite = Self::default();
        for path in paths {
            let added = suite.add(path, Path::new(""), MAX_DEPTH);
            added.map_err(|error| (path.clone(), error))?;
        }
        Ok(suite)
    }

    fn add(&mut self, path: &Path, below: &Path, depth: usize) -> std::io::Result<()> {
        if !path.is_dir() {
            return self.file(path, below);
        }
        let entries = std::fs::read_dir(path)?;
        let entries: Vec<std::fs::DirEntry> = entries.collect::<std::io::Result<_>>()?;
        let mut paths: Vec<PathBuf> = entries.iter().map(std::fs::DirEntry::path).collect();
        paths.sort();
        for path in paths {
            let is_case = path
                .extension()
                .is_some_and(|end| end == "yaml" || end == "yml");
            // A link to a folder may lead back to where it stands.
            if path.is_dir() && !path.is_symlink() && depth > 0 {
                self.add(&path, below, depth - 1)?;
            } else if is_case && !path.is_dir() {
                self.file(&path, below)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, below: &Path) -> std::io::Result<()> {
        let name = path.strip_prefix(below).unwrap_or(path);
        let name = name.display().to_string();
        let text = std::fs::read_to_string(path)?;
        match yaml::read(&name, &text) {
            Ok(found) => {
                for case in found {
                    match case {
                        Ok(case) => self.cases.push(case),
                        Err((case, why)) => self.unreadable.push((case, why)),
                    }
                }
            }
            Err(why) => self.unreadable.push((name, why)),
        }
        Ok(())
    }
}
