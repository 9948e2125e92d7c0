//! The command `cargo xtask test`.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::device::Device;
use crate::error::TaskError;
use crate::process::{self, cargo};
use crate::vulkan;

/// Selection of tests.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Backend to test
    #[arg(long, value_enum, default_value_t)]
    pub device: Device,
    /// Package to test; repeatable [default: all; on devices other than flex the ones that depend on the device]
    #[arg(short, long = "package")]
    pub packages: Vec<String>,
}

/// The suites that run on every backend.
const DEVICE_PACKAGES: [&str; 6] = [
    "secateurs-tensor",
    "secateurs-importance",
    "secateurs-ops",
    "secateurs-train",
    "secateurs-prune",
    "secateurs-moe",
];

/// Packages with a feature for each device.
const WITH_FEATURES: [&str; 7] = [
    "secateurs-ops",
    "secateurs-moe",
    "secateurs-models",
    "secateurs-lm",
    "secateurs",
    "secateurs-cli",
    "secateurs-experiments",
];

/// Runs doctests and tests; the runner's summary is the last line.
pub fn run(arguments: &Arguments) -> Result<(), TaskError> {
    let selection = selection(arguments);
    let environment = environment(arguments.device)?;
    let runner = runner(arguments.device);
    for mut command in commands(&selection, runner, has_doctests(&arguments.packages)?) {
        process::run(command.envs(environment.iter().map(|(name, value)| (name, value))))?;
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Runner {
    /// The runner with a process per test.
    Nextest,
    /// The runner with a process per binary, doctests included.
    Cargo,
}

/// Chooses the runner: GPUs take cargo's own, as a start of the device per test is slow, and software Vulkan may crash
/// in a process that ends while work is still queued.
fn runner(device: Device) -> Runner {
    let has_gpu = matches!(device, Device::Wgpu | Device::Cuda);
    if !has_gpu && process::succeeds(&mut cargo(&["nextest", "--version"])) {
        Runner::Nextest
    } else {
        Runner::Cargo
    }
}

/// The command lines of cargo, at most two.
fn commands(selection: &[String], runner: Runner, with_doctests: bool) -> Vec<Command> {
    let with = |words: &[&str], options: &[&str]| {
        let mut command = cargo(words);
        command.arg("--release").args(selection).args(options);
        command
    };
    if runner == Runner::Cargo {
        return vec![with(&["test"], &[])];
    }
    let tests = with(&["nextest", "run"], &["--no-tests=pass"]);
    // Cargo refuses to run the doctests of packages without a library.
    if with_doctests {
        vec![with(&["test"], &["--doc"]), tests]
    } else {
        vec![tests]
    }
}

/// Whether any of the packages has a library; of the whole workspace if none is named.
fn has_doctests(packages: &[String]) -> Result<bool, TaskError> {
    let metadata = process::metadata()?;
    let members = metadata["packages"].as_array().into_iter().flatten();
    let mut named = members.filter(|member| packages.iter().any(|name| member["name"] == *name));
    let has_library = |member: &Value| {
        let targets = member["targets"].as_array().into_iter().flatten();
        targets
            .into_iter()
            .any(|target| target["kind"] == serde_json::json!(["lib"]))
    };
    Ok(packages.is_empty() || named.any(has_library))
}

/// Packages and features.
///
/// Every run without named packages takes the whole workspace, because cargo unites features over what it builds: a
/// smaller selection could be another build of burn.
fn selection(arguments: &Arguments) -> Vec<String> {
    let named = &arguments.packages;
    if arguments.device == Device::Flex {
        return if named.is_empty() {
            vec!["--workspace".to_owned()]
        } else {
            packages(named)
        };
    }
    let defaults = DEVICE_PACKAGES.map(str::to_owned);
    let chosen = if named.is_empty() { &defaults[..] } else { named };
    let mut words = packages(chosen);
    words.extend([
        "--no-default-features".to_owned(),
        "--features".to_owned(),
        features(chosen, arguments.device),
    ]);
    words
}

fn packages(names: &[String]) -> Vec<String> {
    names
        .iter()
        .flat_map(|name| ["--package".to_owned(), name.clone()])
        .collect()
}

/// The device's feature of testkit, which determines the device of tests, and of every chosen package that has one.
fn features(packages: &[String], device: Device) -> String {
    let own = packages
        .iter()
        .map(String::as_str)
        .filter(|name| WITH_FEATURES.contains(name));
    let names = std::iter::once("secateurs-testkit").chain(own);
    names
        .map(|name| format!("{name}/{}", device.name()))
        .collect::<Vec<_>>()
        .join(",")
}

fn environment(device: Device) -> Result<Vec<(&'static str, PathBuf)>, TaskError> {
    if device == Device::Wgpu {
        vulkan::prepare()
    } else {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(device: Device, packages: &[&str]) -> String {
        let packages = packages.iter().map(|&name| name.to_owned()).collect();
        selection(&Arguments { device, packages }).join(" ")
    }

    #[test]
    fn the_default_is_the_whole_workspace() {
        assert_eq!(selected(Device::Flex, &[]), "--workspace");
        assert_eq!(selected(Device::Flex, &["secateurs-data"]), "--package secateurs-data");
    }

    #[test]
    fn another_device_runs_the_suites_that_depend_on_it() {
        let words = selected(Device::Wgpu, &[]);
        assert!(
            words.contains("--package secateurs-ops") && words.contains("secateurs-testkit/wgpu"),
            "{words}"
        );
        assert!(!words.contains("--workspace"), "{words}");
        let one = "--package secateurs-tensor --no-default-features --features secateurs-testkit/ndarray";
        assert_eq!(selected(Device::Ndarray, &["secateurs-tensor"]), one);
    }
}
