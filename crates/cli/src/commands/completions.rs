use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::Cli;
use crate::output::{self, Exit, Failure, Outcome};

/// Write a completion script for a shell
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// Which shell.
    shell: Shell,
}

impl Completions {
    pub(crate) fn execute(self) -> Outcome {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "babyshield", &mut script);
        output::print(String::from_utf8(script).map_err(Failure::broken)?)?;
        Ok(Exit::Ok)
    }
}
