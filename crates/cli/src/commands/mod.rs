//! The commands.

mod check;
mod completions;
mod config;
mod enforce;
mod exclude;
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
    Run(run::Run),
    Check(check::Check),
    #[command(subcommand)]
    Config(config::Config),
    #[command(subcommand)]
    Rules(rules::Rules),
    Replay(replay::Replay),
    Why(why::Why),
    Enforce(enforce::Enforce),
    Completions(completions::Completions),
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
