//! The command line of the runners; start with [`crs`].
#![allow(
    clippy::print_stdout,
    reason = "a command-line program speaks on stdout"
)]

mod crs;
mod echo;
mod engine;
mod judge;
mod modsec;
mod report;
mod scanners;
mod wire;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use babyshield_conformance::rules::Origin;
use babyshield_policy::ftw::Upstream;
use clap::{Parser, ValueEnum};

/// Runs outside test suites against BabyShield.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// Which suite.
    #[arg(value_enum)]
    suite: Which,
    /// Folder of the suites' data; BABYSHIELD_DATA names it too.
    #[arg(long)]
    data: Option<PathBuf>,
    /// CRS 3.3.4: the setup file, as Debian's modsecurity-crs installs it.
    #[arg(long, default_value = "/etc/modsecurity/crs/crs-setup.conf")]
    crs3_setup: PathBuf,
    /// CRS 3.3.4: the folder of rules.
    #[arg(long, default_value = "/usr/share/modsecurity-crs/rules")]
    crs3_rules: PathBuf,
    /// CRS 4: a checkout, with crs-setup.conf.example and rules/; BABYSHIELD_CRS4 names it too.
    #[arg(long)]
    crs4: Option<PathBuf>,
    /// The gateway.
    #[arg(long, default_value_os_t = from_root("target/release/babyshield"))]
    binary: PathBuf,
    /// Where the results go.
    #[arg(long, default_value_os_t = from_root("conformance/results.md"))]
    results: PathBuf,
    /// Judge only; leave the results file as it is.
    #[arg(long)]
    check: bool,
    /// Only cases whose name holds this text; writes no results.
    #[arg(long)]
    only: Option<String>,
    /// Which way the cases go.
    #[arg(long, value_enum, default_value = "both")]
    way: Way,
    /// Print every failure.
    #[arg(long, short)]
    verbose: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    /// The regression suite of OWASP CRS 3.3.4.
    Crs3,
    /// The regression suite of OWASP CRS 4.
    Crs4,
    /// ModSecurity's regression cases.
    Modsecurity,
    /// Debian's scanners against the vulnerable sample.
    Scanners,
    /// Everything there is.
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Way {
    /// Through the running gateway.
    Sockets,
    /// Against the engine alone.
    Engine,
    /// Both; only such a run writes results.
    Both,
}

impl Options {
    /// Whether this run is the kind whose results are kept.
    fn writes(&self) -> bool {
        !self.check && self.only.is_none() && self.way == Way::Both
    }

    fn data(&self) -> PathBuf {
        let named = self.data.clone().or_else(|| variable("BABYSHIELD_DATA"));
        named.unwrap_or_else(|| from_root("../shared/data"))
    }

    fn payloads(&self) -> PathBuf {
        self.data().join("payloads")
    }

    fn crs3(&self) -> crs::Target {
        crs::Target {
            name: "crs3",
            title: "OWASP CRS 3.3.4",
            cases: self.data().join("crs-3.3.4-tests"),
            origin: Origin {
                setup: self.crs3_setup.clone(),
                rules: self.crs3_rules.clone(),
            },
            upstream: Upstream::Httpbin,
            exceptions: &crs::IN_3,
            required: Some(1000),
        }
    }

    fn crs4(&self) -> crs::Target {
        let folder = self.crs4.clone().or_else(|| variable("BABYSHIELD_CRS4"));
        let folder = folder.unwrap_or_else(|| self.data().join("crs-4.28.0"));
        crs::Target {
            name: "crs4",
            title: "OWASP CRS 4.28.0",
            cases: self.data().join("crs-4.28.0-tests"),
            origin: Origin {
                setup: folder.join("crs-setup.conf.example"),
                rules: folder.join("rules"),
            },
            upstream: Upstream::Albedo,
            exceptions: &crs::IN_4,
            required: Some(1000),
        }
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
    let done: Vec<Result<(), String>> = match options.suite {
        Which::Crs3 => vec![crs::run(&options.crs3(), &options)],
        Which::Crs4 => vec![crs::run(&options.crs4(), &options)],
        Which::Modsecurity => vec![modsec::run(&options)],
        Which::Scanners => vec![scanners::run(&options)],
        Which::All => vec![
            crs::run(&options.crs3(), &options),
            crs::run(&options.crs4(), &options),
            modsec::run(&options),
            scanners::run(&options),
        ],
    };
    let mut code = ExitCode::SUCCESS;
    for fault in done.into_iter().filter_map(Result::err) {
        eprintln!("conformance: {fault}");
        code = ExitCode::FAILURE;
    }
    code
}
