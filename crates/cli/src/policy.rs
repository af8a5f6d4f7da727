//! Which policy a command is about.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use babyshield_model::Source;
use babyshield_policy::{Document, Policy};
use babyshield_waf::source::Disk;
use clap::Args;

use crate::output::Failure;

/// The policy used when none is named, if it is there.
const USUAL: &str = "babyshield.toml";

/// The name of what the command line says, in diagnostics.
const COMMAND_LINE: &str = "<command line>";

/// Names a policy.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Named {
    /// The policy file [default: babyshield.toml, where there is one].
    #[arg(short, long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
}

impl Named {
    /// The file, as named or as found; `None` when there is none.
    pub(crate) fn find(&self) -> Option<PathBuf> {
        let usual = || Some(PathBuf::from(USUAL)).filter(|path| path.exists());
        self.policy.clone().or_else(usual)
    }

    /// The file.
    pub(crate) fn require(&self) -> Result<PathBuf, Failure> {
        self.find().ok_or_else(|| {
            let message = format!("there is no {USUAL} here; name a policy with --policy FILE");
            Failure::Usage(message)
        })
    }

    /// The policy, compiled.
    pub(crate) fn load(&self) -> Result<Policy, Failure> {
        Policy::load(&self.require()?, &Disk).map_err(Failure::Faulty)
    }

    /// The policy, or, where there is none, everything at its default.
    pub(crate) fn load_or_default(&self) -> Result<Policy, Failure> {
        match self.find() {
            Some(_) => self.load(),
            None => Origin {
                path: None,
                over: Some(over(&["http://127.0.0.1:3000".to_owned()], &[])),
            }
            .load(),
        }
    }
}

/// Where a running policy came from, so that it can be read again.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// The file, if there is one.
    pub(crate) path: Option<PathBuf>,
    /// What the command line says in its place.
    pub(crate) over: Option<Arc<Source>>,
}

impl Origin {
    /// Reads and compiles it.
    pub(crate) fn load(&self) -> Result<Policy, Failure> {
        let document = match &self.path {
            Some(path) => Document::load(path, self.over.as_ref(), &Disk),
            None => {
                let text = Source::new("<no policy file>", "version = 1\n");
                Document::parse(&text, self.over.as_ref(), Path::new(""), &Disk)
            }
        };
        Policy::compile(document, &Disk).map_err(Failure::Faulty)
    }

    /// What an operator calls it.
    pub(crate) fn name(&self) -> String {
        match &self.path {
            Some(path) => path.display().to_string(),
            None => "none; everything at its default".to_owned(),
        }
    }
}

/// Policy text out of the command line.
pub(crate) fn over(upstream: &[String], listen: &[String]) -> Arc<Source> {
    let list = |values: &[String]| {
        let quoted: Vec<String> = values.iter().map(|value| quote(value)).collect();
        quoted.join(", ")
    };
    let mut text = String::new();
    if !upstream.is_empty() {
        text.push_str(&format!("upstream = [{}]\n", list(upstream)));
    }
    if !listen.is_empty() {
        text.push_str(&format!("listen = [{}]\n", list(listen)));
    }
    Source::new(COMMAND_LINE, text)
}

/// A TOML text: JSON writes control characters and quotes as TOML does.
fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
