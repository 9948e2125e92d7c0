//! `cargo xtask reproduce`.

use std::process::Command;

use crate::device::Device;
use crate::error::TaskError;
use crate::process::{self, cargo};
use crate::workspace;

/// Selection of claims and cells.
#[derive(clap::Args)]
pub struct Arguments {
    /// Claims to run [default: all]
    claims: Vec<String>,
    /// Size of the run; --list shows the cost of each claim
    #[arg(long, value_enum, default_value_t)]
    tier: Tier,
    /// Device to compute on
    #[arg(long, value_enum, default_value_t)]
    device: Device,
    /// Take the cells that an interrupted run of the same commit has measured
    #[arg(long)]
    resume: bool,
    /// Run only cells whose name contains NAME, for example elsa-90%; repeatable
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// List the claims with their measured costs, and run nothing
    #[arg(long)]
    list: bool,
    /// Show all numbers of each claim in tables, and the paths of its files
    #[arg(long)]
    verbose: bool,
}

#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum Tier {
    /// Every system beside its controls, at most 90 seconds per claim; needs nothing but the repository
    #[default]
    Quick,
    /// Sweeps, seeds and spreads on the same models, about an hour for all claims; needs nothing but the repository
    Standard,
    /// Real models and data sets, hours; `cargo xtask data get` fetches them
    Full,
}

/// Builds the experiments and becomes them: their signals and their exit code are those of this process.
pub fn run(arguments: &Arguments) -> Result<(), TaskError> {
    process::become_program(experiments(arguments.device)?.args(words(arguments)))
}

/// Builds the `experiments` program for a device and returns it ready for its own arguments.
///
/// For the default device all programs of the workspace are built at once: cargo unites features over what it builds,
/// so this is the same build of burn as that of the tests, and a smaller selection would be another one.
pub fn experiments(device: Device) -> Result<Command, TaskError> {
    let mut build = cargo(&["build", "--release"]);
    if device == Device::Flex {
        build.args(["--workspace", "--bins"]);
    } else {
        let features = ["--no-default-features", "--features", device.name()];
        build.args(["--package", "secateurs-experiments"]).args(features);
    }
    process::run(&mut build)?;
    let program = format!("experiments{}", std::env::consts::EXE_SUFFIX);
    let mut command = Command::new(workspace::target().join("release").join(program));
    command.current_dir(workspace::root());
    Ok(command)
}

fn words(arguments: &Arguments) -> Vec<&str> {
    let tier = match arguments.tier {
        Tier::Quick => "quick",
        Tier::Standard => "standard",
        Tier::Full => "full",
    };
    let claims = arguments.claims.iter().map(String::as_str);
    let options = ["--tier", tier, "--device", arguments.device.name()];
    let flags = [
        (arguments.resume, "--resume"),
        (arguments.list, "--list"),
        (arguments.verbose, "--verbose"),
    ];
    std::iter::once("reproduce")
        .chain(claims)
        .chain(options)
        .chain(
            flags
                .into_iter()
                .filter_map(|(is_given, flag)| is_given.then_some(flag)),
        )
        .chain(arguments.only.iter().flat_map(|name| ["--only", name.as_str()]))
        .collect()
}
