//! Runs claims and makes fixtures; `cargo xtask reproduce` and `cargo xtask fixtures` call it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use secateurs::allocator::MiMalloc;
use secateurs_experiments::ExperimentError;
use secateurs_experiments::claims::{Backend, CLAIMS, Reproduction, Setting, axes_of, find};
use secateurs_experiments::fixtures::{self, FixtureConfig, Model};
use secateurs_experiments::outcome::{Tier, reproduce_root};
use secateurs_experiments::report::{pivots_along, write_report};

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
    /// Run claims (all of them if none is named) and write the report.
    Reproduce {
        /// Names of claims.
        claims: Vec<String>,
        /// Size of the run.
        #[arg(long, value_enum, default_value_t)]
        tier: Tier,
        /// Backend of tensors, as compiled in.
        #[arg(long, value_enum, default_value_t)]
        device: Backend,
        /// Take what an interrupted run of the same commit has measured.
        #[arg(long)]
        resume: bool,
        /// Run only cells whose name contains NAME, such as `elsa-90%` of a method and a pattern; repeatable.
        ///
        /// Several processes or days can share a claim: each runs its part, and `--resume` without `--only` puts the report
        /// together.
        #[arg(long, value_name = "NAME")]
        only: Vec<String>,
    },
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
    /// List the claims.
    List,
}

fn main() -> ExitCode {
    match run(Args::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |e| e.source());
            let line = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
            eprintln!("error: {line}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), ExperimentError> {
    match command {
        Command::Reproduce {
            claims,
            tier,
            device,
            resume,
            only,
        } => {
            let setting = Setting {
                tier,
                backend: device,
                device: device.device()?,
                resume,
                only,
            };
            reproduce(&claims, &setting)
        }
        Command::Fixtures { data, out, steps, only } => {
            let config = FixtureConfig {
                steps,
                ..FixtureConfig::default()
            };
            match data {
                Some(data) => fixtures::make(&data, &out, &config),
                None => fixtures::train_again(&only, &out, &config),
            }
        }
        Command::List => {
            CLAIMS
                .iter()
                .for_each(|claim| println!("{:<12} {}", claim.about.name, claim.about.summary));
            Ok(())
        }
    }
}

fn reproduce(names: &[String], setting: &Setting) -> Result<(), ExperimentError> {
    let named = names.iter().map(|name| find(name)).collect::<Result<Vec<_>, _>>()?;
    let claims = if named.is_empty() {
        CLAIMS.iter().collect()
    } else {
        named
    };
    let root = reproduce_root();
    for claim in claims {
        println!("{}: {}\n", claim.about.name, claim.about.summary);
        let Reproduction { outcome, charts } = claim.run(setting)?;
        pivots_along(&outcome, claim.about.axes)
            .iter()
            .for_each(|table| println!("{table}"));
        println!("{}", outcome.write(&root)?.display());
        for chart in &charts {
            println!(
                "{}",
                outcome.write_plot(&root, &chart.entry.name, &chart.svg)?.display()
            );
        }
    }
    println!("{}", write_report(&root, axes_of)?.display());
    Ok(())
}
