//! The command `cargo xtask bench`.

use crate::error::TaskError;
use crate::process::{self, cargo};

/// What to measure.
#[derive(clap::Args)]
pub struct Arguments {
    /// A suite, named after a crate without its prefix; all of them if none is given.
    name: Option<String>,
    /// Passed on to criterion, for example a filter.
    #[arg(last = true)]
    criterion: Vec<String>,
}

/// Runs the criterion suites.
pub fn run(arguments: &Arguments) -> Result<(), TaskError> {
    let mut command = cargo(&["bench", "--package", "secateurs-benches"]);
    match &arguments.name {
        Some(name) => command.args(["--bench", name]),
        None => command.arg("--benches"),
    };
    process::run(command.arg("--").args(&arguments.criterion))
}
