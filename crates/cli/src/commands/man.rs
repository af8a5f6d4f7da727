use std::path::PathBuf;

use clap::{Args, CommandFactory};

use crate::Cli;
use crate::output::{self, Exit, Failure, Outcome};

/// Write the manual pages
///
/// All of them into a folder, or the first one to standard output.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Where to write them.
    folder: Option<PathBuf>,
}

impl Man {
    pub(crate) fn execute(self) -> Outcome {
        let command = Cli::command();
        match self.folder {
            Some(folder) => {
                std::fs::create_dir_all(&folder)?;
                clap_mangen::generate_to(command, &folder)?;
            }
            None => {
                let mut page = Vec::new();
                clap_mangen::Man::new(command).render(&mut page)?;
                output::print(String::from_utf8(page).map_err(Failure::broken)?)?;
            }
        }
        Ok(Exit::Ok)
    }
}
