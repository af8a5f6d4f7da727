//! What a person types: `cargo xtask run | test | graph | bench | conformance |
//! evaluate | train`.
//!
//! One file a command. Nothing here is part of the product, and nothing heavy may be a
//! dependency: this compiles before anything else can start.
#![allow(
    clippy::print_stdout,
    reason = "a command-line program speaks on stdout"
)]

mod graph;
mod run;
mod shell;
mod suite;
mod tools;
mod web;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask COMMAND

  run [--upstream URL] [--policy FILE] [ARGUMENT…]
        builds everything in release (the dashboard's web part included) and starts the gateway,
        in front of the bundled sample API unless an upstream is given; further arguments go to
        `babyshield run`
  test  installs what the tests need and runs every test there is; the counts come last
  graph fails on a dependency edge that the architecture does not have, and on tokio in an engine
  conformance crs3|crs4|modsecurity|scanners|all [ARGUMENT…]
        outside suites against the release build; results go to conformance/
  evaluate [ARGUMENT…]
        what the built-in rules find and what they leave alone, beside the OWASP CRS; results go to
        evaluate/; `--help` tells how to judge a part of it quickly
  train [--check]
        trains the text model from ../shared/data and writes it, and its card, or only checks that the
        data still give the same bytes
  bench [http|waf] [ARGUMENT…]
        the gateway beside nginx and ModSecurity, or the rule engine alone beside libmodsecurity
        and zentinel-modsec; results go to bench/
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let done = match command.as_str() {
        "run" => run::run(&rest),
        "test" => suite::run(),
        "graph" => graph::run(),
        "conformance" => {
            tools::for_conformance(&rest).and_then(|()| judge("babyshield-conformance", &rest))
        }
        "evaluate" => evaluate(&rest),
        "train" => train(&rest),
        "bench" => bench(&rest),
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(())
        }
        "" => Err(HELP.to_owned()),
        other => Err(format!("there is no command `{other}`\n\n{HELP}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("xtask: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// Judges the rules: whole runs in release, whose figures are kept; parts of it by the profile that
/// is rebuilt in seconds.
fn evaluate(arguments: &[String]) -> Result<(), String> {
    let profile = if arguments.is_empty() {
        "release"
    } else {
        "tune"
    };
    let program = ["--locked", "--package", "babyshield-evaluate", "--"];
    shell::cargo(["run", "--profile", profile])
        .args(program)
        .args(arguments)
        .status()
        .map_err(|fault| format!("cargo does not start: {fault}"))
        .and_then(|status| shell::success("evaluate", status))
}

/// Trains the text model, or checks it.
fn train(arguments: &[String]) -> Result<(), String> {
    let mut command = shell::cargo(["run", "--profile=tune", "--locked"]);
    shell::run(
        command
            .args(["--package=babyshield-train", "--"])
            .args(arguments),
    )
}

/// Peers that are libraries are built in only where they are measured.
fn bench(arguments: &[String]) -> Result<(), String> {
    if arguments.first().map(String::as_str) != Some("waf") {
        tools::for_bench()?;
        return judge("babyshield-bench", arguments);
    }
    tools::for_engine_bench()?;
    let mut command = shell::cargo([
        "run",
        "--release",
        "--locked",
        "--package=babyshield-bench",
        "--features=zentinel",
        "--",
    ]);
    shell::run(command.args(arguments))
}

/// Builds the product in release, then hands over to one of the programs that judge it.
fn judge(package: &str, arguments: &[String]) -> Result<(), String> {
    run::build()?;
    shell::cargo(["run", "--release", "--locked", "--package", package, "--"])
        .args(arguments)
        .status()
        .map_err(|fault| format!("cargo does not start: {fault}"))
        .and_then(|status| shell::success(package, status))
}
