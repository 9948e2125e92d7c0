//! `secateurs completions`

use clap::{Args, Command};
use clap_complete::Shell;

use crate::error::CliError;
use crate::terminal::print::print;

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  secateurs completions bash > ~/.local/share/bash-completion/completions/secateurs
  secateurs completions zsh > ~/.zfunc/_secateurs
  secateurs completions fish > ~/.config/fish/completions/secateurs.fish
";

/// Prints a completion script for your shell
#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub(crate) struct CompletionsArgs {
    /// Shell to complete for
    shell: Shell,
}

/// Prints the completion script of a shell.
pub(crate) fn run(args: &CompletionsArgs, program: &mut Command) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, program, "secateurs", &mut script);
    print(&String::from_utf8_lossy(&script))
}
