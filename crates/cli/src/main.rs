//! The `babyshield` binary: arguments in, text and exit codes out. What is behind a command is in
//! the crates below; here is one file a command, and what they share in printing.
//!
//! Exit codes: 0 all is well; 1 the answer is no, or something was found; 2 the command line or the
//! policy is wrong; 3 it failed while running.

mod commands;
mod diagnostics;
mod output;
mod policy;
mod replace;

use std::process::ExitCode;

use clap::Parser;

use commands::Command;
use output::{Exit, Failure};

/// The whole defence of an API in one binary
#[derive(Debug, Parser)]
#[command(
    name = "babyshield",
    version,
    after_help = "Exit codes: 0 all is well; 1 the answer is no, or something was found; 2 the \
                  command line or the policy is wrong; 3 it failed while running."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let format = cli.command.format();
    match cli.command.execute() {
        Ok(exit) => exit.into(),
        Err(Failure::Faulty(found)) => {
            diagnostics::print(&found, format);
            Exit::Usage.into()
        }
        Err(Failure::Usage(message)) => {
            output::complain(&message);
            Exit::Usage.into()
        }
        Err(Failure::Broken(message)) => {
            output::complain(&message);
            Exit::Failure.into()
        }
        // Whoever read the output has seen enough.
        Err(Failure::Closed) => Exit::Ok.into(),
    }
}
