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

const NODE_AND_NPM: [Tool; 2] = [
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
];

const TESTS: [Tool; 2] = [
    Tool {
        probe: Probe::Program("chromium"),
        package: "chromium",
        purpose: "the browser test of the dashboard",
    },
    CRS,
];

const CRS: Tool = Tool {
    probe: Probe::File("/usr/share/modsecurity-crs/rules"),
    package: "modsecurity-crs",
    purpose: "the runs with OWASP CRS",
};

const SCANNERS: [Tool; 4] = [
    Tool {
        probe: Probe::File("/usr/bin/sqlmap"),
        package: "sqlmap",
        purpose: "the scanner runs",
    },
    Tool {
        probe: Probe::File("/usr/bin/wapiti"),
        package: "wapiti",
        purpose: "the scanner runs",
    },
    Tool {
        probe: Probe::File("/usr/bin/ffuf"),
        package: "ffuf",
        purpose: "the scanner runs",
    },
    Tool {
        probe: Probe::File("/usr/bin/slowhttptest"),
        package: "slowhttptest",
        purpose: "the scanner runs",
    },
];

const BENCH: [Tool; 4] = [
    CRS,
    Tool {
        probe: Probe::File("/usr/sbin/nginx"),
        package: "nginx",
        purpose: "the comparison",
    },
    Tool {
        probe: Probe::File("/usr/lib/nginx/modules/ngx_http_modsecurity_module.so"),
        package: "libnginx-mod-http-modsecurity",
        purpose: "the comparison",
    },
    Tool {
        probe: Probe::File("/usr/bin/wrk"),
        package: "wrk",
        purpose: "the load",
    },
];

/// The peer of `cargo xtask bench waf`, from the Python package index.
const LIBMODSECURITY: &str = "libmodsecurity==3.0.15.post2";

impl Probe {
    fn holds(&self) -> bool {
        match self {
            Self::Program(name) => shell::has(name),
            Self::File(path) => Path::new(path).exists(),
        }
    }
}

/// What `cargo xtask bench` needs.
pub(crate) fn for_bench() -> Result<(), String> {
    ensure(&BENCH)
}

/// What `cargo xtask bench waf` needs: the rules, and libmodsecurity as a Python package, which goes
/// to the build folder. Without Python the run goes on and says what is missing.
pub(crate) fn for_engine_bench() -> Result<(), String> {
    ensure(&[CRS])?;
    let folder = "target/tools/python";
    if shell::root().join(folder).join("libmodsecurity").is_dir() {
        return Ok(());
    }
    let mut pip = shell::program("python3", ["-m", "pip", "install", "--quiet"]);
    pip.args(["--target", folder, LIBMODSECURITY]);
    if let Err(fault) = shell::run(&mut pip) {
        eprintln!("libmodsecurity will be missing in the comparison: {fault}");
    }
    Ok(())
}

/// What `cargo xtask conformance` needs for these suites.
pub(crate) fn for_conformance(arguments: &[String]) -> Result<(), String> {
    let scans = arguments.iter().any(|a| a == "scanners" || a == "all");
    ensure(&[CRS])?;
    if scans { ensure(&SCANNERS) } else { Ok(()) }
}

/// Installs what is missing, or says what to install.
fn ensure(tools: &[Tool]) -> Result<(), String> {
    let missing: Vec<&Tool> = tools.iter().filter(|tool| !tool.probe.holds()).collect();
    if missing.is_empty() {
        Ok(())
    } else {
        debian(&missing)
    }
}

/// The oldest Node.js that builds the dashboard.
const NODE: (u32, u32) = (20, 19);

/// What building the dashboard needs. Debian's Node.js may be too old; a newer one then comes from
/// the npm registry, into the build folder.
pub(crate) fn for_web() -> Result<(), String> {
    ensure(&NODE_AND_NPM)?;
    let found = shell::version("node").unwrap_or_default();
    if is_recent(&found) {
        return Ok(());
    }
    println!("node {found} is too old for the dashboard; installing a newer one for the build");
    let package = format!("{}@22", shell::node_package());
    let mut npm = shell::program(
        "npm",
        [
            "install",
            "--no-save",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
        ],
    );
    npm.args(["--prefix", "target/tools", &package]);
    shell::run(&mut npm)?;
    let found = shell::version("node").unwrap_or_default();
    if is_recent(&found) {
        return Ok(());
    }
    Err(format!(
        "node {}.{} or later is needed, and this is {found}",
        NODE.0, NODE.1
    ))
}

/// Whether `v20.19.1` is at least [`NODE`].
fn is_recent(version: &str) -> bool {
    let mut numbers = version
        .trim_start_matches('v')
        .split('.')
        .map(|n| n.parse().unwrap_or(0));
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    found >= NODE
}

/// What `cargo xtask test` needs.
pub(crate) fn for_tests() -> Result<(), String> {
    ensure(&TESTS)?;
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

#[cfg(test)]
mod tests {
    use super::is_recent;

    #[test]
    fn a_node_that_is_too_old_is_seen() {
        assert!(is_recent("v20.19.0") && is_recent("v22.1.3"));
        assert!(!is_recent("v18.20.4") && !is_recent("v20.18.9") && !is_recent(""));
    }
}
