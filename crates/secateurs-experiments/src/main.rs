//! Runs claims and makes fixtures; `cargo xtask reproduce` and `cargo xtask fixtures` call it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use secateurs::allocator::MiMalloc;
use secateurs_experiments::ExperimentError;
use secateurs_experiments::claims::{Backend, Setting, choose, remove_scratch};
use secateurs_experiments::fixtures::{self, FixtureConfig, Model};
use secateurs_experiments::outcome::{Tier, reproduce_root};
use secateurs_experiments::session::{Detail, Screen, Session, list_claims};
use secateurs_terminal::{one_line, survive_file_limits};

/// The system's allocator keeps what large tensors leave behind in pieces: peak memory would grow with every block.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[derive(Parser)]
#[command(
    name = "experiments",
    about = "Runs the claims of secateurs and makes its fixtures",
    version
)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run claims (all of them if none is named), say what holds, and write the page.
    Reproduce(ReproduceArgs),
    /// Extract the novels, train the tokenizer and the fixture models.
    Fixtures {
        /// The `data` folder of the installed R package janeaustenr.
        #[arg(long, required_unless_present = "only")]
        data: Option<PathBuf>,
        /// Folder of the fixtures.
        #[arg(long)]
        out: PathBuf,
        /// Optimiser steps.
        #[arg(long, default_value_t = FixtureConfig::default().steps)]
        steps: usize,
        /// Train only this model, on the novels and with the tokenizer that are there; give it again for more.
        #[arg(long, value_enum, value_name = "MODEL", conflicts_with = "data")]
        only: Vec<Model>,
    },
}

#[derive(clap::Args)]
struct ReproduceArgs {
    /// Names of claims.
    claims: Vec<String>,
    /// Size of the run; `--list` shows the measured cost of each claim.
    #[arg(long, value_enum, default_value_t)]
    tier: Tier,
    /// Backend of tensors, as compiled in.
    #[arg(long, value_enum, default_value_t)]
    device: Backend,
    /// Take the cells that an interrupted run of the same commit has measured.
    #[arg(long)]
    resume: bool,
    /// Run only cells whose name contains NAME, such as `elsa-90%` of a method and a pattern; repeatable.
    ///
    /// Several processes or days can share a claim: each runs its part, and `--resume` without `--only` puts the report
    /// together.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// List the claims with their measured costs, and run nothing.
    #[arg(long)]
    list: bool,
    /// Show all numbers of each claim in tables, and the paths of its files.
    #[arg(long)]
    verbose: bool,
}

fn main() -> ExitCode {
    survive_file_limits();
    match run(Args::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", one_line(&error));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode, ExperimentError> {
    match command {
        Command::Reproduce(args) => reproduce(args),
        Command::Fixtures { data, out, steps, only } => {
            let config = FixtureConfig {
                steps,
                ..FixtureConfig::default()
            };
            match data {
                Some(data) => fixtures::make(&data, &out, &config),
                None => fixtures::train_again(&only, &out, &config),
            }?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Lists or runs claims; the code says whether every one gave an outcome.
fn reproduce(args: ReproduceArgs) -> Result<ExitCode, ExperimentError> {
    let claims = choose(&args.claims)?;
    let detail = if args.verbose {
        Detail::AllNumbers
    } else {
        Detail::Verdicts
    };
    let screen = Screen::of_process(detail);
    if args.list {
        print!("{}", list_claims(&claims, screen.width()));
        return Ok(ExitCode::SUCCESS);
    }
    let setting = Setting {
        tier: args.tier,
        backend: args.device,
        device: args.device.device()?,
        resume: args.resume,
        only: args.only,
        root: reproduce_root(),
    };
    let session = Session::new(&claims, setting, screen);
    session.end_in_order();
    let is_complete = session.run();
    remove_scratch();
    Ok(if is_complete {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
