//! The command `cargo xtask fixtures`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use secateurs_datasets::sha256_hex;

use crate::commands::reproduce::experiments;
use crate::device::Device;
use crate::error::TaskError;
use crate::process;
use crate::workspace;

/// Make or check.
#[derive(clap::Args)]
pub struct Arguments {
    /// Compare the fixtures with their recorded checksums; make nothing
    #[arg(long, conflicts_with_all = ["data", "steps", "only"])]
    check: bool,
    /// Data folder of the R package janeaustenr [default: the Debian package's, fetched if necessary]
    #[arg(long)]
    data: Option<PathBuf>,
    /// Training steps of the fixture models [default: the recorded number]
    #[arg(long)]
    steps: Option<usize>,
    /// Model to train again alone (llama-austen or moe-austen), with the novels and tokenizer that are there; repeatable
    #[arg(long, value_name = "MODEL", conflicts_with = "data")]
    only: Vec<String>,
}

const SUMS: &str = "SHA256SUMS";
const DEBIAN_PACKAGE: &str = "r-cran-janeaustenr";
const DATA_IN_PACKAGE: &str = "usr/lib/R/site-library/janeaustenr/data";

/// Makes the fixtures and records their checksums, or checks them.
pub fn run(arguments: &Arguments) -> Result<(), TaskError> {
    let folder = workspace::fixtures();
    if arguments.check {
        return check(&folder);
    }
    let mut command = experiments(Device::Flex)?;
    command.arg("fixtures").arg("--out").arg(&folder);
    if arguments.only.is_empty() {
        let data = arguments.data.clone().map_or_else(novels, Ok)?;
        command.arg("--data").arg(data);
    }
    for model in &arguments.only {
        command.arg("--only").arg(model);
    }
    if let Some(steps) = arguments.steps {
        command.arg("--steps").arg(steps.to_string());
    }
    process::run(&mut command)?;
    record(&folder)
}

/// The novels' folder, from the installed Debian package or from one unpacked below the target folder.
fn novels() -> Result<PathBuf, TaskError> {
    let installed = Path::new("/").join(DATA_IN_PACKAGE);
    if installed.is_dir() {
        return Ok(installed);
    }
    let unpacked = workspace::target().join(DEBIAN_PACKAGE);
    let data = unpacked.join(DATA_IN_PACKAGE);
    if !data.is_dir() {
        fs::create_dir_all(&unpacked).map_err(|source| io("create", &unpacked, source))?;
        let missing = |_| TaskError::Missing {
            what: "the novels' text",
            remedy: format!(
                "install {DEBIAN_PACKAGE}, or name the data folder of the R package janeaustenr with --data"
            ),
        };
        process::run(
            Command::new("apt-get")
                .args(["download", DEBIAN_PACKAGE])
                .current_dir(&unpacked),
        )
        .map_err(missing)?;
        for package in files(&unpacked)?
            .iter()
            .filter(|path| path.extension().is_some_and(|end| end == "deb"))
        {
            process::run(Command::new("dpkg-deb").arg("-x").arg(package).arg(&unpacked))?;
        }
    }
    Ok(data)
}

fn record(folder: &Path) -> Result<(), TaskError> {
    let lines: String = sums(folder)?
        .iter()
        .map(|(name, sum)| format!("{sum}  {name}\n"))
        .collect();
    let path = folder.join(SUMS);
    fs::write(&path, &lines).map_err(|source| io("write", &path, source))?;
    println!("recorded {} files in {}", lines.lines().count(), path.display());
    Ok(())
}

fn check(folder: &Path) -> Result<(), TaskError> {
    let path = folder.join(SUMS);
    let recorded = fs::read_to_string(&path).map_err(|source| io("read", &path, source))?;
    let differences = differences(&parse(&recorded), &sums(folder)?);
    differences.iter().for_each(|line| println!("{line}"));
    match differences.len() {
        0 => {
            println!("{} fixtures are as recorded", recorded.lines().count());
            Ok(())
        }
        count => Err(TaskError::Findings {
            count,
            what: "fixtures are not as recorded",
        }),
    }
}

fn parse(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(sum, name)| (name.to_owned(), sum.to_owned()))
        .collect()
}

fn differences(recorded: &BTreeMap<String, String>, found: &BTreeMap<String, String>) -> Vec<String> {
    let known = recorded.iter().filter_map(|(name, sum)| match found.get(name) {
        None => Some(format!("{name}: missing")),
        Some(other) if other != sum => Some(format!("{name}: recorded {sum}, found {other}")),
        Some(_) => None,
    });
    let unknown = found
        .keys()
        .filter(|name| !recorded.contains_key(*name))
        .map(|name| format!("{name}: not recorded"));
    known.chain(unknown).collect()
}

/// The checksum of every file that is data; texts that explain it are excluded.
fn sums(folder: &Path) -> Result<BTreeMap<String, String>, TaskError> {
    let mut sums = BTreeMap::new();
    for path in files(folder)? {
        let name = path
            .strip_prefix(folder)
            .expect("the file was found below the folder")
            .to_string_lossy();
        let name = name.replace('\\', "/");
        if name != SUMS && !name.ends_with(".md") {
            let bytes = fs::read(&path).map_err(|source| io("read", &path, source))?;
            sums.insert(name, sha256_hex(&bytes));
        }
    }
    Ok(sums)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, TaskError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|source| io("list", folder, source))? {
        let path = entry.map_err(|source| io("list", folder, source))?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

fn io(action: &'static str, path: &Path, source: std::io::Error) -> TaskError {
    TaskError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        entries
            .iter()
            .map(|(name, sum)| ((*name).to_owned(), (*sum).to_owned()))
            .collect()
    }

    #[test]
    fn every_kind_of_difference_is_named() {
        let recorded = parse("aa  same\nbb  changed\ncc  gone\n");
        let found = map(&[("same", "aa"), ("changed", "dd"), ("new", "ee")]);
        assert_eq!(
            differences(&recorded, &found),
            ["changed: recorded bb, found dd", "gone: missing", "new: not recorded"]
        );
    }

    #[test]
    fn sums_are_those_of_sha256() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256_hex(&[]), empty);
    }
}
