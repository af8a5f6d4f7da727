//! The commands.

mod check;
mod completions;
mod config;
mod enforce;
mod man;
mod replay;
mod rules;
mod run;
mod why;

use clap::Subcommand;

use crate::output::{Format, Outcome};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the gateway and its dashboard.
    Run(run::Run),
    /// Check a policy and everything it names.
    Check(check::Check),
    /// Show what a policy says, and what its keys mean.
    #[command(subcommand)]
    Config(config::Config),
    /// Show the rules of the rule engine, or check rule files.
    #[command(subcommand)]
    Rules(rules::Rules),
    /// Decide recorded requests offline.
    Replay(replay::Replay),
    /// Explain what became of one request.
    Why(why::Why),
    /// Show what would have been blocked, then block it from now on.
    Enforce(enforce::Enforce),
    /// Write a completion script for a shell.
    Completions(completions::Completions),
    /// Write the manual pages.
    Man(man::Man),
}

impl Command {
    /// Who reads its output.
    pub(crate) fn format(&self) -> Format {
        match self {
            Self::Check(command) => command.format,
            Self::Config(command) => command.format(),
            Self::Rules(command) => command.format(),
            Self::Why(command) => command.format,
            Self::Enforce(command) => command.format,
            Self::Run(_) | Self::Replay(_) | Self::Completions(_) | Self::Man(_) => Format::Text,
        }
    }

    /// Does it.
    pub(crate) fn execute(self) -> Outcome {
        match self {
            Self::Run(command) => command.execute(),
            Self::Check(command) => command.execute(),
            Self::Config(command) => command.execute(),
            Self::Rules(command) => command.execute(),
            Self::Replay(command) => command.execute(),
            Self::Why(command) => command.execute(),
            Self::Enforce(command) => command.execute(),
            Self::Completions(command) => command.execute(),
            Self::Man(command) => command.execute(),
        }
    }
}
