//! Options of the output of a job.

use clap::Args;
use serde::Serialize;

use crate::error::CliError;
use crate::terminal::bar::Bar;
use crate::terminal::print::{print, print_json};
use crate::terminal::screen::Screen;

/// Output of a job.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Hide progress and summary; errors are still shown
    #[arg(short, long)]
    quiet: bool,
    /// Print the result as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

impl ShowArgs {
    /// A bar of `length` steps, if it is to be seen.
    pub(crate) fn bar(&self, screen: &Screen, what: &'static str, length: usize) -> Bar {
        if self.quiet {
            Bar::hidden()
        } else {
            Bar::new(screen, what, length)
        }
    }

    /// Prints what a job did, for programs or for people.
    pub(crate) fn result<T: Serialize>(&self, result: &T, describe: impl FnOnce(&T) -> String) -> Result<(), CliError> {
        match (self.json, self.quiet) {
            (true, _) => print_json(result),
            (false, true) => Ok(()),
            (false, false) => print(&describe(result)),
        }
    }
}
