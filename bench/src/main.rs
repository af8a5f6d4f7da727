//! Scenarios measured as ratios: `cargo xtask bench http`.
//!
//! Everything compared runs on the same machine in the same run, in rounds that take turns, so
//! that a busy moment falls on all. Start with [`http`].
#![allow(
    clippy::print_stdout,
    reason = "a command-line program speaks on stdout"
)]

mod http;
mod load;
mod nginx;
mod process;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

/// Measures BabyShield beside nginx and ModSecurity.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// Which scenario.
    #[arg(value_enum, default_value = "http")]
    scenario: Scenario,
    /// Rounds; figures are medians over them.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Seconds a cell is under load in each round.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=60))]
    seconds: u32,
    /// Connections the load generator holds open.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1000))]
    connections: u32,
    /// CRS 3.3.4: the setup file, as Debian's modsecurity-crs installs it.
    #[arg(long, default_value = "/etc/modsecurity/crs/crs-setup.conf")]
    crs3_setup: PathBuf,
    /// CRS 3.3.4: the folder of rules.
    #[arg(long, default_value = "/usr/share/modsecurity-crs/rules")]
    crs3_rules: PathBuf,
    /// The gateway.
    #[arg(long, default_value_os_t = from_root("target/release/babyshield"))]
    binary: PathBuf,
    /// Where the results go.
    #[arg(long, default_value_os_t = from_root("bench/results.md"))]
    results: PathBuf,
    /// Print only; leave the results file as it is.
    #[arg(long)]
    check: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// A benign GET and a benign 1 KB JSON POST through each server.
    Http,
}

/// A path below the project's root.
fn from_root(path: &str) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).join(path)
}

fn main() -> ExitCode {
    let options = Options::parse();
    let done = match options.scenario {
        Scenario::Http => http::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("bench: {fault}");
            ExitCode::FAILURE
        }
    }
}
