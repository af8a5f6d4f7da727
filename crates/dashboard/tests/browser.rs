//! The page in a real browser: `web/test/browser.test.mjs` against the fixture, each case a case
//! here. What it needs and does not find is named, and its cases count as ignored, never passed.

#![allow(clippy::print_stdout, reason = "it is its own test harness")]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let name = "an_attack_appears_live_and_is_explained";
    let trial = match missing() {
        None => Trial::test(name, run),
        Some(what) => {
            if !arguments.list {
                println!("browser test not run: {what}");
            }
            Trial::test(name, move || Err(Failed::from(what))).with_ignored_flag(true)
        }
    };
    libtest_mimic::run(&arguments, vec![trial]).exit_code()
}

fn web() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("web")
}

/// What is not there, and how to get it.
fn missing() -> Option<String> {
    let runs = |program: &str| {
        Command::new(program)
            .arg("--version")
            .output()
            .is_ok_and(|output| output.status.success())
    };
    if !runs("node") {
        return Some("Node.js is not installed (20.19 or newer)".to_owned());
    }
    if !Path::new("/usr/bin/chromium").exists() {
        return Some("/usr/bin/chromium is missing (Debian's package chromium)".to_owned());
    }
    if !web().join("node_modules/playwright-core").exists() {
        return Some("web/node_modules is missing: `npm ci` in crates/dashboard/web".to_owned());
    }
    if !web().join("dist/index.html").exists() {
        return Some("web/dist is missing: `npm run build` in crates/dashboard/web".to_owned());
    }
    None
}

fn run() -> Result<(), Failed> {
    let output = Command::new("node")
        .args(["--test", "--test-reporter=tap", "test/browser.test.mjs"])
        .current_dir(web())
        .env("DASHBOARD_FIXTURE", fixture()?)
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Failed::from(format!("{text}\n{errors}")))
}

/// The example beside this test; Cargo builds it with the tests of the package unless it was
/// asked for this one alone.
fn fixture() -> Result<PathBuf, Failed> {
    let own = std::env::current_exe()?;
    let target = own.parent().and_then(Path::parent);
    let program = target
        .ok_or("the test lies in no target directory")?
        .join("examples/fixture");
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "-p",
            env!("CARGO_PKG_NAME"),
            "--example",
            "fixture",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()?;
    if built.success() && program.exists() {
        Ok(program)
    } else {
        Err(Failed::from(format!(
            "{} could not be built",
            program.display()
        )))
    }
}
