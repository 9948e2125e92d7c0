//! The command `cargo xtask bench`.

use crate::error::TaskError;
use crate::process::{self, cargo};

/// Selection of benchmarks.
#[derive(clap::Args)]
pub struct Arguments {
    /// Suite to run, a crate without its prefix, for example sparse [default: all]
    name: Option<String>,
    /// Arguments for criterion after --, for example a filter
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
