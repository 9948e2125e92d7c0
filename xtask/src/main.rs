//! Commands for work on the project: `cargo xtask --help`.
//!
//! They start processes and check files; none of them links burn, so that they build in seconds.

mod apt;
mod commands;
mod device;
mod error;
mod house;
mod process;
mod rust;
mod tidy;
mod tree;
mod vulkan;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use commands::{bench, ci, data, deny, fixtures, package, reproduce, test, wheel};
use error::TaskError;

const AFTER_HELP: &str = "\
Start with:
  cargo xtask reproduce          all claims, in minutes
  cargo xtask reproduce --list   the claims and their cost
  cargo xtask test               all tests
";

/// Runs the project's tasks: claims, tests, data, checks
///
/// Tasks work in the folder of the repository, wherever they are called. Outputs go to its target folder.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about, after_help = AFTER_HELP, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the claims beside their controls, and writes their report
    Reproduce(reproduce::Arguments),
    /// Runs all tests and doctests
    Test(test::Arguments),
    /// Lists or fetches models and data sets
    #[command(subcommand)]
    Data(data::Command),
    /// Makes the fixtures, or checks them against their recorded checksums
    Fixtures(fixtures::Arguments),
    /// Checks the sources for layout, full folders, circular imports, tuple arguments, forbidden words, first sentences of
    /// docs and dependencies
    Tidy,
    /// Measures the sources: lengths, arguments, folders, circles, public items, docs
    House(house::Arguments),
    /// Runs the criterion benchmarks
    Bench(bench::Arguments),
    /// Checks the dependencies: licences, second versions of a crate, known security holes
    Deny(deny::Arguments),
    /// Packs the crates as for a registry, and checks that they compile from their packages alone
    Package,
    /// Builds the Python wheel of the `secateurs` command, installs it and tries it
    Wheel(wheel::Arguments),
    /// Runs every check that a change must pass: fmt, deny, clippy, package, tidy, doc, tests
    Ci,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", error::with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), TaskError> {
    match command {
        Command::Reproduce(arguments) => reproduce::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Data(command) => data::run(&command),
        Command::Fixtures(arguments) => fixtures::run(&arguments),
        Command::Tidy => tidy::run(),
        Command::House(arguments) => house::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Deny(arguments) => deny::run(&arguments),
        Command::Package => package::run(),
        Command::Wheel(arguments) => wheel::run(&arguments),
        Command::Ci => ci::run(),
    }
}
