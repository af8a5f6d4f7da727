//! A running gateway in front of a given upstream, and what it wrote down.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use babyshield_events::Reader;
use babyshield_model::{Mode, RequestEvent, RequestId};
use tempfile::TempDir;

use crate::process::{Process, free_address};

/// The process, its policy and its event store.
#[derive(Debug)]
pub struct Gateway {
    process: Process,
    folder: TempDir,
    /// Where it takes requests.
    pub address: SocketAddr,
}

/// The policy of a run, but for the addresses.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Whether decisions are carried out.
    pub mode: Mode,
    /// `builtin`, or a rule set's folder.
    pub rules: String,
    /// Whether the default rate limits are in force.
    pub limits: bool,
    /// Whether the built-in lists of agents and paths are in force.
    pub lists: bool,
    /// Whether every single request is to be found in the store.
    pub keep_all: bool,
}

impl Policy {
    fn text(&self, store: &Path, listen: SocketAddr, admin: SocketAddr, to: SocketAddr) -> String {
        let mode = self.mode.as_str();
        let mut text = format!(
            "version = 1\nmode = {mode:?}\nlisten = [\"{listen}\"]\nupstream = \"http://{to}\"\n\n\
             [admin]\nlisten = \"{admin}\"\n\n[waf]\nrules = [{:?}]\n\n[events]\npath = {store:?}\n",
            self.rules
        );
        if self.keep_all {
            text.push_str("ordinary_rate = 1000000\nordinary_kept = 1000000\n");
        }
        if !self.limits {
            text.push_str("\n[limits]\ndefault = \"off\"\nburst = \"off\"\n");
        }
        if !self.lists {
            text.push_str("\n[block]\nagents = []\npaths = []\n");
        }
        text
    }
}

impl Gateway {
    /// Starts the binary on free ports and waits until it listens.
    ///
    /// # Errors
    /// It does not start, or does not accept its policy.
    pub fn start(binary: &Path, policy: &Policy, upstream: SocketAddr) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|fault| fault.to_string())?;
        let address = free_address()?;
        let store = folder.path().join("events.db");
        let text = policy.text(&store, address, free_address()?, upstream);
        let path = folder.path().join("policy.toml");
        fs::write(&path, text).map_err(|fault| fault.to_string())?;
        let binary = binary
            .canonicalize()
            .map_err(|fault| format!("{}: {fault}; build it first", binary.display()))?;
        let mut command = Command::new(binary);
        command.arg("run").arg("--policy").arg(&path);
        command.current_dir(folder.path());
        let process = Process::start(&mut command, &folder.path().join("log"), address)?;
        Ok(Self {
            process,
            folder,
            address,
        })
    }

    /// The operating system's number for the process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Ends the process in good order, so that every event is in the store.
    ///
    /// # Errors
    /// It does not stop in good order, or left no store.
    pub fn stop(self) -> Result<Store, String> {
        self.process.stop()?;
        let reader = Reader::open(&self.folder.path().join("events.db"));
        Ok(Store {
            reader: reader.map_err(|fault| fault.to_string())?,
            _folder: self.folder,
        })
    }
}

/// The events of a run that has ended.
#[derive(Debug)]
pub struct Store {
    reader: Reader,
    _folder: TempDir,
}

impl Store {
    /// What happened to one request.
    #[must_use]
    pub fn event(&self, id: RequestId) -> Option<RequestEvent> {
        self.reader.request(id).ok().flatten()
    }
}
