//! `cargo xtask reproduce`.

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
}

#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum Tier {
    /// Minutes, with nothing but the repository.
    #[default]
    Quick,
    /// The real models and data sets.
    Full,
}

/// Runs the experiments and says where their report is.
pub fn run(arguments: &Arguments) -> Result<(), TaskError> {
    let result = process::run(experiments(arguments.device).args(words(arguments)));
    let report = workspace::root().join("target").join("reproduce").join("report.html");
    // A failed claim does not take away the report on the others.
    if report.is_file() {
        println!("\nreport: {}", report.display());
    }
    result
}

/// The `experiments` program for a device, ready for its own arguments.
///
/// The default device asks for no features: other features would be another build of burn.
pub fn experiments(device: Device) -> std::process::Command {
    let mut command = cargo(&["run", "--release", "--package", "secateurs-experiments"]);
    if device != Device::Flex {
        command.args(["--no-default-features", "--features", device.name()]);
    }
    command.arg("--");
    command
}

fn words(arguments: &Arguments) -> Vec<&str> {
    let tier = match arguments.tier {
        Tier::Quick => "quick",
        Tier::Full => "full",
    };
    let claims = arguments.claims.iter().map(String::as_str);
    let options = ["--tier", tier, "--device", arguments.device.name()];
    std::iter::once("reproduce").chain(claims).chain(options).collect()
}
