//! `secateurs completions`

use clap::CommandFactory;

use crate::command_line::{Cli, CompletionsArgs};
use crate::error::CliError;
use crate::terminal::output::print;

/// Prints the completion script of a shell.
pub(crate) fn run(args: &CompletionsArgs) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "secateurs", &mut script);
    print(&String::from_utf8_lossy(&script))
}
