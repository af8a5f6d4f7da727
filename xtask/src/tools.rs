//! What the tests need besides Rust: installed where that is possible, else named.

use std::path::Path;
use std::process::Stdio;

use crate::shell;

/// One thing needed: how to see that it is there, and Debian's package for it.
struct Tool {
    probe: Probe,
    package: &'static str,
    purpose: &'static str,
}

enum Probe {
    /// A program on the path.
    Program(&'static str),
    /// A file or folder.
    File(&'static str),
}

const TOOLS: [Tool; 4] = [
    Tool {
        probe: Probe::Program("node"),
        package: "nodejs",
        purpose: "the dashboard's web part",
    },
    Tool {
        probe: Probe::Program("npm"),
        package: "npm",
        purpose: "the dashboard's web part",
    },
    Tool {
        probe: Probe::Program("chromium"),
        package: "chromium",
        purpose: "the browser test of the dashboard",
    },
    Tool {
        probe: Probe::File("/usr/share/modsecurity-crs/rules"),
        package: "modsecurity-crs",
        purpose: "the tests that load OWASP CRS",
    },
];

impl Probe {
    fn holds(&self) -> bool {
        match self {
            Self::Program(name) => shell::has(name),
            Self::File(path) => Path::new(path).exists(),
        }
    }
}

/// Installs what is missing, or says what to install.
pub(crate) fn ensure() -> Result<(), String> {
    let missing: Vec<&Tool> = TOOLS.iter().filter(|tool| !tool.probe.holds()).collect();
    if !missing.is_empty() {
        debian(&missing)?;
    }
    if !shell::has("cargo-nextest") {
        println!("installing cargo-nextest, once; this takes some minutes");
        shell::run(&mut shell::cargo(["install", "--locked", "cargo-nextest"]))?;
    }
    Ok(())
}

fn debian(missing: &[&Tool]) -> Result<(), String> {
    let packages: Vec<&str> = missing.iter().map(|tool| tool.package).collect();
    if !is_root() || !shell::has("apt-get") {
        let lines = missing
            .iter()
            .map(|tool| format!("  {:<16} for {}", tool.package, tool.purpose));
        return Err(format!(
            "these are missing; on Debian: `sudo apt-get install {}`\n{}",
            packages.join(" "),
            lines.collect::<Vec<_>>().join("\n")
        ));
    }
    let apt = |arguments: &[&str]| {
        let mut command = shell::program("apt-get", arguments.iter().copied());
        command.env("DEBIAN_FRONTEND", "noninteractive");
        shell::run(&mut command)
    };
    apt(&["update", "--quiet"])?;
    let mut install = vec!["install", "--yes", "--quiet", "--no-install-recommends"];
    install.extend(packages);
    apt(&install)
}

fn is_root() -> bool {
    shell::program("id", ["-u"])
        .stderr(Stdio::null())
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
