//! Scenarios measured as ratios: `cargo xtask bench http|waf`.
//!
//! Everything compared runs on the same machine in the same run, in rounds that take turns, so
//! that a busy moment falls on all. Start with [`http`], or [`waf`] for the rule engine alone.
#![allow(
    clippy::print_stdout,
    reason = "a command-line program speaks on stdout"
)]

mod http;
mod load;
mod nginx;
mod process;
mod report;
mod waf;

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
    /// CRS 4: a checkout, with crs-setup.conf.example and rules/; BABYSHIELD_CRS4 names it too.
    #[arg(long)]
    crs4: Option<PathBuf>,
    /// Folder of outside data; BABYSHIELD_DATA names it too.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Folder that holds the Python package `libmodsecurity`.
    #[arg(long, default_value_os_t = from_root("target/tools/python"))]
    python: PathBuf,
    /// Requests of each kind that the rule engines judge.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    requests: u32,
    /// Where the results go; a file of its own in `bench/` for each scenario.
    #[arg(long)]
    results: Option<PathBuf>,
    /// With the scenario `subject`: which engine to be.
    #[arg(long, value_enum, hide = true, default_value = "ours")]
    engine: waf::Engine,
    /// With the scenario `subject`: the rules to load.
    #[arg(long, hide = true, default_value = "builtin")]
    rules: PathBuf,
    /// With the scenario `subject`: the requests to judge.
    #[arg(long, hide = true)]
    corpus: Option<PathBuf>,
    /// Print only; leave the results file as it is.
    #[arg(long)]
    check: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// A benign GET and a benign 1 KB JSON POST through each server.
    Http,
    /// The rule engine beside libmodsecurity and zentinel-modsec.
    Waf,
    /// An engine that another `waf` run has started.
    #[value(hide = true)]
    Subject,
}

impl Options {
    fn data(&self) -> PathBuf {
        let named = self.data.clone().or_else(|| variable("BABYSHIELD_DATA"));
        named.unwrap_or_else(|| from_root("../shared/data"))
    }

    fn crs4(&self) -> PathBuf {
        let named = self.crs4.clone().or_else(|| variable("BABYSHIELD_CRS4"));
        named.unwrap_or_else(|| self.data().join("crs-4.28.0"))
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "a program's own edge, as in `cli`"
)]
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var(name).ok().map(PathBuf::from)
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
        Scenario::Waf => waf::run(&options),
        Scenario::Subject => {
            let corpus = options.corpus.clone().unwrap_or_default();
            waf::serve(options.engine, &options.rules, &corpus)
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("bench: {fault}");
            ExitCode::FAILURE
        }
    }
}
