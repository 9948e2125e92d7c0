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

use commands::{bench, ci, data, fixtures, package, reproduce, test, wheel};
use error::TaskError;

/// Project commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the experiments behind the claims and write their report.
    Reproduce(reproduce::Arguments),
    /// Run all tests and doctests.
    Test(test::Arguments),
    /// List or fetch models and data sets.
    #[command(subcommand)]
    Data(data::Command),
    /// Make the fixtures, or check them against their recorded checksums.
    Fixtures(fixtures::Arguments),
    /// Check what compilers do not: layout, full folders, circles of files, tuple arguments, forbidden words, arrows between crates.
    Tidy,
    /// Measure the sources: lengths, arguments, folders, circles, public items.
    House(house::Arguments),
    /// Run benchmarks.
    Bench(bench::Arguments),
    /// Pack the crates as for a registry, and check that they compile from their packages alone.
    Package,
    /// Build the Python wheel of the `secateurs` command, install it and try it.
    Wheel(wheel::Arguments),
    /// Everything that must hold before a change is merged.
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
        Command::Package => package::run(),
        Command::Wheel(arguments) => wheel::run(&arguments),
        Command::Ci => ci::run(),
    }
}
