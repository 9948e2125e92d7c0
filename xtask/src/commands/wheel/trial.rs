//! The command as its user gets it: installed from the wheel, in an empty folder, without Rust.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde_json::Value;

use super::python::VirtualEnvironment;
use super::{isolated, make_empty};
use crate::error::TaskError;
use crate::process;
use crate::workspace;

/// Installs the wheel, prunes a model of the fixtures and evaluates it.
pub fn run(wheel: &Path, scratch: &Path) -> Result<(), TaskError> {
    let environment = VirtualEnvironment::create(&scratch.join("trial"))?;
    // Without an index: the wheel needs no other package.
    let wheel = wheel.to_string_lossy();
    environment.install(&["--no-index", wheel.as_ref()])?;
    let folder = scratch.join("trial-output");
    make_empty(&folder)?;
    let secateurs = |words: &[&str]| {
        let mut command = isolated(environment.command("secateurs"), &environment.programs());
        command.args(words).current_dir(&folder);
        command
    };
    let fixture = |name: &str| workspace::fixtures().join(name).to_string_lossy().into_owned();
    let (model, calibration) = (fixture("llama-austen"), fixture("austen/persuasion.txt"));
    let text = fixture("austen/northangerabbey.txt");
    step(secateurs(&["--version"]))?;
    step(secateurs(&["--help"]))?;
    step(secateurs(&["info", &model]))?;
    let windows = ["--window", "256", "--windows", "8", "--quiet"];
    let prune = [
        "prune",
        &model,
        "-m",
        "wanda",
        "-s",
        "0.5",
        "-c",
        &calibration,
        "-o",
        "pruned",
    ];
    step(secateurs(&[&prune[..], &windows].concat()))?;
    let measured = step(secateurs(
        &[&["eval", "pruned", "-t", &text, "--json"], &windows[..]].concat(),
    ))?;
    check_perplexity(&measured, &folder)
}

/// Runs a command, shows its name and time, and returns its output.
fn step(mut command: Command) -> Result<String, TaskError> {
    let start = Instant::now();
    let printed = process::capture(&mut command)?;
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
    let (time, name) = (
        start.elapsed().as_secs_f64(),
        words.first().map_or("", |word| word.as_ref()),
    );
    println!(
        "trial    secateurs {name}: {time:.1} s, {} lines",
        printed.lines().count()
    );
    Ok(printed)
}

/// A model that predicts anything is better than a guess among all tokens.
fn check_perplexity(measured: &str, folder: &Path) -> Result<(), TaskError> {
    let report: Value = serde_json::from_str(measured).map_err(|source| TaskError::Output {
        command: "secateurs eval --json".to_owned(),
        source,
    })?;
    match report["perplexity"].as_f64() {
        Some(perplexity) if perplexity.is_finite() && perplexity < 2048.0 => {
            println!("trial    perplexity {perplexity:.1} at half of the weights");
            Ok(())
        }
        found => Err(TaskError::Malformed {
            path: folder.join("pruned"),
            problem: format!("its perplexity is {found:?}, not below the 2048 tokens of its vocabulary"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perplexity_must_be_there_and_better_than_a_guess() {
        let check = |text: &str| check_perplexity(text, Path::new("out")).map_err(|error| error.to_string());
        assert_eq!(check(r#"{"perplexity": 40.0}"#), Ok(()));
        for text in ["", "{}", r#"{"perplexity": null}"#, r#"{"perplexity": 2048}"#] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
