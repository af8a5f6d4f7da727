//! A running gateway in front of a given upstream, and what it wrote down.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use babyshield_events::Reader;
use babyshield_model::{RequestEvent, RequestId};
use tempfile::TempDir;

const POLL: Duration = Duration::from_millis(50);
const START: Duration = Duration::from_secs(30);
const STOP: Duration = Duration::from_secs(40);

/// The process, its policy and its event store.
#[derive(Debug)]
pub(crate) struct Gateway {
    child: Child,
    folder: TempDir,
    pub(crate) address: SocketAddr,
}

/// The policy of a run, but for the addresses.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    /// `watch` or `enforce`.
    pub(crate) mode: &'static str,
    /// `builtin`, or a rule set's folder.
    pub(crate) rules: String,
    /// Whether rate limits and the lists of agents and paths are in force.
    pub(crate) everything: bool,
}

impl Policy {
    fn text(&self, folder: &Path, listen: SocketAddr, admin: SocketAddr, to: SocketAddr) -> String {
        let store = folder.join("events.db");
        let mut text = format!(
            "version = 1\nmode = {:?}\nlisten = [\"{listen}\"]\nupstream = \"http://{to}\"\n\
             [admin]\nlisten = \"{admin}\"\n[waf]\nrules = [{:?}]\n\
             [events]\npath = {:?}\nordinary_rate = 1000000\nordinary_kept = 1000000\n",
            self.mode, self.rules, store
        );
        if !self.everything {
            text.push_str(
                "[limits]\ndefault = \"off\"\nburst = \"off\"\n[block]\nagents = []\npaths = []\n",
            );
        }
        text
    }
}

impl Gateway {
    /// Starts the binary and waits until it listens.
    pub(crate) fn start(
        binary: &Path,
        policy: &Policy,
        upstream: SocketAddr,
    ) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|fault| fault.to_string())?;
        let address = free_port()?;
        let text = policy.text(folder.path(), address, free_port()?, upstream);
        let path = folder.path().join("policy.toml");
        fs::write(&path, text).map_err(|fault| fault.to_string())?;
        let log = File::create(folder.path().join("log")).map_err(|fault| fault.to_string())?;
        let child = Command::new(binary)
            .arg("run")
            .arg("--policy")
            .arg(&path)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|fault| format!("{} does not start: {fault}", binary.display()))?;
        let mut gateway = Self {
            child,
            folder,
            address,
        };
        gateway.wait()?;
        Ok(gateway)
    }

    fn wait(&mut self) -> Result<(), String> {
        for _ in 0..START.as_millis() / POLL.as_millis() {
            if TcpStream::connect(self.address).is_ok() {
                return Ok(());
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("the gateway ended ({status}):\n{}", self.log()));
            }
            thread::sleep(POLL);
        }
        Err(format!("the gateway does not listen:\n{}", self.log()))
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Ends the process in good order, so that every event is in the store.
    pub(crate) fn stop(mut self) -> Result<Store, String> {
        let id = self.child.id().to_string();
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .map_err(|fault| format!("kill does not start: {fault}"))?;
        for _ in 0..STOP.as_millis() / POLL.as_millis() {
            if let Ok(Some(status)) = self.child.try_wait() {
                if !status.success() {
                    return Err(format!("the gateway ended ({status}):\n{}", self.log()));
                }
                let folder = std::mem::replace(
                    &mut self.folder,
                    tempfile::tempdir().map_err(|fault| fault.to_string())?,
                );
                return Store::open(folder);
            }
            thread::sleep(POLL);
        }
        Err(format!("the gateway does not stop:\n{}", self.log()))
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // Nothing to do for one that has ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The events of a run that has ended.
#[derive(Debug)]
pub(crate) struct Store {
    reader: Reader,
    _folder: TempDir,
}

impl Store {
    fn open(folder: TempDir) -> Result<Self, String> {
        let path: PathBuf = folder.path().join("events.db");
        let reader = Reader::open(&path).map_err(|fault| fault.to_string())?;
        Ok(Self {
            reader,
            _folder: folder,
        })
    }

    pub(crate) fn event(&self, id: RequestId) -> Option<RequestEvent> {
        self.reader.request(id).ok().flatten()
    }
}

/// A loopback port that was free a moment ago.
pub(crate) fn free_port() -> Result<SocketAddr, String> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map_err(|fault| format!("no free port: {fault}"))
}
