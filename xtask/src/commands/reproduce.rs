//! `cargo xtask reproduce`.

use std::process::Command;

use crate::device::Device;
use crate::error::TaskError;
use crate::process::{self, cargo};
use crate::workspace;

/// What to reproduce.
#[derive(clap::Args)]
pub struct Arguments {
    /// Claims by name; all of them if none is given.
    claims: Vec<String>,
    /// How much of each claim is run.
    #[arg(long, value_enum, default_value_t)]
    tier: Tier,
    /// Where it is computed.
    #[arg(long, value_enum, default_value_t)]
    device: Device,
    /// Take what an interrupted run of the same commit has measured.
    #[arg(long)]
    resume: bool,
    /// Only what is called like this, method and pattern, as in `elsa-90%`; give it again for more.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum Tier {
    /// Every system beside its controls, in minutes, with nothing but the repository.
    #[default]
    Quick,
    /// Sweeps, seeds and spreads on the same models, within about an hour.
    Standard,
    /// The real models and data sets, for hours.
    Full,
}

/// Runs the experiments and says where their report is.
pub fn run(arguments: &Arguments) -> Result<(), TaskError> {
    let result = process::run(experiments(arguments.device)?.args(words(arguments)));
    let report = workspace::root().join("target").join("reproduce").join("report.html");
    // A failed claim does not take away the report on the others.
    if report.is_file() {
        println!("\nreport: {}", report.display());
    }
    result
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
    let resume = arguments.resume.then_some("--resume");
    std::iter::once("reproduce")
        .chain(claims)
        .chain(options)
        .chain(resume)
        .chain(arguments.only.iter().flat_map(|name| ["--only", name.as_str()]))
        .collect()
}
