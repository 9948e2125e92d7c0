//! Place and time of a run.

use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The machine and the moment of a run; empty in outcomes of versions before it was noted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Environment {
    /// The processor's model name, or its architecture where the system does not tell the name.
    pub cpu: String,
    /// Threads that this process may use.
    pub threads: usize,
    /// Operating system.
    pub system: String,
    /// Start of the run, UTC, RFC 3339.
    pub date: String,
}

impl Environment {
    /// This machine, now.
    pub fn here() -> Self {
        Self {
            cpu: cpu_name().unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            system: std::env::consts::OS.to_owned(),
            date: now(),
        }
    }
}

/// The commit checked out in `repository`, with `-dirty` appended if tracked files differ from it.
///
/// `unknown` where there is no git or no commit.
pub fn current_commit(repository: &Path) -> String {
    let Some(commit) = git(repository, &["rev-parse", "HEAD"]) else {
        return "unknown".to_owned();
    };
    match git(repository, &["status", "--porcelain", "--untracked-files=no"]) {
        Some(changes) if changes.is_empty() => commit,
        _ => commit + "-dirty",
    }
}

fn git(repository: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(repository)
        .args(arguments)
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn cpu_name() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn now() -> String {
    let now = OffsetDateTime::now_utc()
        .replace_nanosecond(0)
        .expect("zero is a valid nanosecond");
    now.format(&Rfc3339).expect("the current year has four digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_is_rfc_3339_in_utc() {
        let date = Environment::here().date;
        let parsed = OffsetDateTime::parse(&date, &Rfc3339).unwrap();
        assert!(parsed.offset().is_utc() && date.ends_with('Z'), "{date}");
    }

    #[test]
    fn a_folder_without_git_has_an_unknown_commit() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(current_commit(folder.path()), "unknown");
    }

    #[test]
    fn a_changed_file_makes_the_commit_dirty() {
        let folder = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| {
            let identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
            git(folder.path(), &[&identity, arguments].concat()).expect("git runs")
        };
        run(&["init", "--quiet"]);
        std::fs::write(folder.path().join("file"), "first").unwrap();
        run(&["add", "file"]);
        run(&["commit", "--quiet", "--no-gpg-sign", "-m", "first"]);
        let clean = current_commit(folder.path());
        assert_eq!(clean.len(), 40, "{clean}");
        std::fs::write(folder.path().join("file"), "second").unwrap();
        assert_eq!(current_commit(folder.path()), format!("{clean}-dirty"));
    }
}
