//! The dashboard's web part, which the binary embeds: it must be built before any Rust is.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use crate::{shell, tools};

const FOLDER: &str = "crates/dashboard/web";

/// Inputs of the build, beside which everything under `src` and `public`.
const INPUTS: [&str; 5] = [
    "package.json",
    "package-lock.json",
    "index.html",
    "vite.config.js",
    "tsconfig.json",
];

/// Installs the packages if they are not as the lock file says, and builds if anything changed.
pub(crate) fn build() -> Result<(), String> {
    let web = shell::root().join(FOLDER);
    if !web.join("package.json").exists() {
        return Ok(());
    }
    tools::for_web()?;
    if !is_fresh(&web, &web.join("dist/index.html")) {
        install()?;
        npm(&["run", "build"])?;
    }
    Ok(())
}

/// Brings `node_modules` to what the lock file says.
pub(crate) fn install() -> Result<(), String> {
    let web = shell::root().join(FOLDER);
    let installed = modified(&web.join("node_modules/.package-lock.json"));
    if installed.is_some() && installed >= modified(&web.join("package-lock.json")) {
        return Ok(());
    }
    npm(&["ci", "--no-audit", "--no-fund"])
}

/// The web part's own scripts, by name.
pub(crate) fn scripts() -> Vec<String> {
    let path = shell::root().join(FOLDER).join("package.json");
    let package = fs::read_to_string(path).unwrap_or_default();
    let package: serde_json::Value = serde_json::from_str(&package).unwrap_or_default();
    let scripts = package.get("scripts").and_then(|value| value.as_object());
    scripts.map_or_else(Vec::new, |all| all.keys().cloned().collect())
}

/// npm in the web folder.
pub(crate) fn command(arguments: &[&str]) -> std::process::Command {
    let mut command = shell::program("npm", arguments.iter().copied());
    command.current_dir(shell::root().join(FOLDER));
    command
}

fn npm(arguments: &[&str]) -> Result<(), String> {
    shell::run(&mut command(arguments))
}

/// Whether the build is younger than every input.
fn is_fresh(web: &Path, built: &Path) -> bool {
    let folders = ["src", "public"].map(|name| newest(&web.join(name)));
    let files = INPUTS.map(|name| modified(&web.join(name)));
    let input = folders.into_iter().chain(files).flatten().max();
    modified(built) > input
}

fn newest(folder: &Path) -> Option<SystemTime> {
    let entries = fs::read_dir(folder).ok()?;
    entries
        .flatten()
        .filter_map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => newest(&entry.path()),
            _ => modified(&entry.path()),
        })
        .max()
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|data| data.modified()).ok()
}
