//! `cargo xtask run`: build everything, start the gateway, by default before the sample API.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::{shell, web};

const POLICY: &str = "policies/recall-api.toml";
const POLL: Duration = Duration::from_millis(50);
/// How long a program may take to stop once told: the gateway lets requests end.
const GRACE: Duration = Duration::from_secs(40);

/// Builds the web part, the gateway and the sample in release.
pub(crate) fn build() -> Result<(), String> {
    web::build()?;
    shell::run(&mut shell::cargo([
        "build",
        "--release",
        "--locked",
        "--package=babyshield-cli",
        "--package=recall-api",
    ]))
}

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    upstream: Option<String>,
    policy: String,
    further: Vec<String>,
}

impl Wanted {
    fn read(arguments: &[String]) -> Result<Self, String> {
        let mut wanted = Self {
            upstream: None,
            policy: POLICY.to_owned(),
            further: Vec::new(),
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = |name: &str| match argument.split_once('=') {
                Some((_, value)) => Ok(value.to_owned()),
                None => rest
                    .next()
                    .cloned()
                    .ok_or_else(|| format!("{name} needs a value")),
            };
            match argument.split('=').next() {
                Some("--upstream") => wanted.upstream = Some(value("--upstream")?),
                Some("--policy") => wanted.policy = value("--policy")?,
                _ => wanted.further.push(argument.clone()),
            }
        }
        Ok(wanted)
    }
}

pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let wanted = Wanted::read(arguments)?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|fault| format!("signals cannot be watched: {fault}"))?;
    }
    build()?;
    let folder = shell::root().join("target/release");
    let mut sample = None;
    let upstream = match wanted.upstream {
        Some(url) => url,
        None => {
            let (running, url) = Running::sample(&folder.join("recall-api"))?;
            sample = Some(running);
            url
        }
    };
    let mut command = Command::new(folder.join("babyshield"));
    command
        .current_dir(shell::root())
        .args(["run", "--policy", &wanted.policy, "--upstream", &upstream])
        .args(wanted.further);
    let mut gateway = Running::start("babyshield", &mut command)?;
    loop {
        if stop.load(Ordering::Relaxed) {
            return gateway.stop();
        }
        gateway.check()?;
        if let Some(sample) = &mut sample {
            sample.check()?;
        }
        thread::sleep(POLL);
    }
}

/// A program of ours; it is told to stop when this value goes.
struct Running {
    name: &'static str,
    child: Child,
}

impl Running {
    /// Starts a program in a process group of its own, so that Ctrl-C reaches it through us only.
    fn start(name: &'static str, command: &mut Command) -> Result<Self, String> {
        let child = command
            .process_group(0)
            .spawn()
            .map_err(|fault| format!("{name} does not start: {fault}"))?;
        Ok(Self { name, child })
    }

    /// Starts the sample on a free port and waits for the address it prints.
    fn sample(path: &Path) -> Result<(Self, String), String> {
        let mut command = Command::new(path);
        let mut running = Self::start("recall-api", command.stderr(Stdio::piped()))?;
        let pipe = running.child.stderr.take().map(BufReader::new);
        let mut pipe = pipe.ok_or("recall-api has no stderr")?;
        let mut line = String::new();
        pipe.read_line(&mut line)
            .map_err(|fault| format!("recall-api cannot be heard: {fault}"))?;
        eprint!("{line}");
        let url = line
            .split_whitespace()
            .find(|word| word.starts_with("http://"))
            .ok_or("recall-api did not say where it listens")?
            .to_owned();
        thread::spawn(move || {
            for line in pipe.lines().map_while(Result::ok) {
                eprintln!("{line}");
            }
        });
        Ok((running, url))
    }

    /// `Err` once the program has ended by itself.
    fn check(&mut self) -> Result<(), String> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(format!("{} ended ({status})", self.name)),
            Err(fault) => Err(format!("{} was lost: {fault}", self.name)),
        }
    }

    /// Asks it to stop and waits; kills it when it takes too long.
    fn stop(&mut self) -> Result<(), String> {
        if self.check().is_err() {
            return Ok(());
        }
        shell::run(&mut shell::program(
            "kill",
            ["-TERM", &self.child.id().to_string()],
        ))?;
        for _ in 0..GRACE.as_millis() / POLL.as_millis() {
            if let Ok(Some(status)) = self.child.try_wait() {
                return shell::success(self.name, status);
            }
            thread::sleep(POLL);
        }
        self.child
            .kill()
            .and_then(|()| self.child.wait())
            .map_err(|fault| format!("{} cannot be stopped: {fault}", self.name))?;
        Err(format!("{} did not stop and was killed", self.name))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(fault) = self.stop() {
            eprintln!("xtask: {fault}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Wanted, String> {
        let owned: Vec<String> = arguments.iter().map(|&a| a.to_owned()).collect();
        Wanted::read(&owned)
    }

    #[test]
    fn upstream_and_policy_are_ours_and_the_rest_is_the_gateways() {
        let wanted = read(&[
            "--upstream=http://127.0.0.1:1",
            "--quiet",
            "--policy",
            "p.toml",
        ]);
        assert_eq!(
            wanted,
            Ok(Wanted {
                upstream: Some("http://127.0.0.1:1".to_owned()),
                policy: "p.toml".to_owned(),
                further: vec!["--quiet".to_owned()],
            })
        );
        assert!(read(&["--upstream"]).is_err());
    }

    #[test]
    fn a_program_is_stopped_with_its_owner() {
        let mut command = Command::new("sleep");
        let running = Running::start("sleep", command.arg("60")).unwrap();
        let id = running.child.id().to_string();
        drop(running);
        let alive = shell::program("kill", ["-0", &id])
            .stderr(Stdio::null())
            .status();
        assert!(!alive.unwrap().success());
    }
}
