//! Servers started for a run: waited for until they listen, always stopped again.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

const POLL: Duration = Duration::from_millis(50);
const START: Duration = Duration::from_secs(30);
const STOP: Duration = Duration::from_secs(40);

/// A running server; it ends with this value.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program whose standard error goes to the file `log`, and waits until it listens.
    ///
    /// # Errors
    /// It does not start, ends at once (then with what it wrote), or never listens.
    pub fn start(command: &mut Command, log: &Path, address: SocketAddr) -> Result<Self, String> {
        let name = command.get_program().to_string_lossy().into_owned();
        let file = File::create(log).map_err(|fault| fault.to_string())?;
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .map_err(|fault| format!("{name} does not start: {fault}"))?;
        let mut process = Self {
            name,
            child,
            log: log.to_owned(),
        };
        process.wait(address)?;
        Ok(process)
    }

    fn wait(&mut self, address: SocketAddr) -> Result<(), String> {
        for _ in 0..START.as_millis() / POLL.as_millis() {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(self.tell(&format!("ended ({status})")));
            }
            if TcpStream::connect(address).is_ok() {
                return Ok(());
            }
            thread::sleep(POLL);
        }
        Err(self.tell("does not listen"))
    }

    /// What happened to it, and what it wrote last.
    fn tell(&self, what: &str) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines
            .get(lines.len().saturating_sub(30)..)
            .unwrap_or_default();
        format!("{} {what}:\n{}", self.name, last.join("\n"))
    }

    /// The operating system's number for it.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it in good order.
    ///
    /// # Errors
    /// It does not stop in time, or says that it failed.
    pub fn stop(mut self) -> Result<(), String> {
        match self.terminate(STOP) {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(self.tell(&format!("ended ({status})"))),
            None => Err(self.tell("does not stop")),
        }
    }

    fn terminate(&mut self, patience: Duration) -> Option<ExitStatus> {
        if let Ok(Some(status)) = self.child.try_wait() {
            return Some(status);
        }
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().ok()?;
        for _ in 0..patience.as_millis() / POLL.as_millis() {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            thread::sleep(POLL);
        }
        None
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.terminate(Duration::from_secs(5)).is_none() {
            // The last resort; there is nobody left to tell.
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}

/// A loopback address that was free a moment ago.
///
/// # Errors
/// The machine has none left.
pub fn free_address() -> Result<SocketAddr, String> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map_err(|fault| format!("no free port: {fault}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_ends_at_once_is_told_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such key >&2; exit 2"]);
        let address = free_address().unwrap();
        let fault = Process::start(&mut command, &folder.path().join("log"), address).unwrap_err();
        assert!(fault.contains("no such key"), "{fault}");
    }
}
