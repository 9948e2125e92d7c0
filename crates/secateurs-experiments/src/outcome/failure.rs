//! The record of a run that did not come to its end, beside the outcomes.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::OutcomeError;
use super::places::{claim_folder, read_file, write_file};
use super::tier::Tier;

const FILE: &str = "failure.json";

/// A run of a claim that gave no outcome: why, how far it got, and how to go on.
///
/// It lies beside the outcome of an earlier run, if there is one, and a run that succeeds removes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The claim's name.
    pub claim: String,
    /// Extent of the run.
    pub tier: Tier,
    /// The backend's name.
    pub device: String,
    /// The commit of the code that ran, `-dirty` if it was changed.
    pub commit: String,
    /// Start of the run, UTC, RFC 3339.
    pub date: String,
    /// Kind of the end.
    pub kind: FailureKind,
    /// The reason in one line.
    pub reason: String,
    /// Cells that were measured before the end.
    pub n_done: usize,
    /// Cells that the run would have measured; unknown if it ended before they were counted.
    pub n_cells: Option<usize>,
    /// The command that mends it, goes on, or tries again.
    pub remedy: String,
}

/// The end of a run that gave no outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// An error.
    Failed,
    /// A defect of this project.
    Panicked,
    /// A signal, for instance by Ctrl-C.
    Interrupted,
    /// A model or data set that is not here.
    MissingData,
}

impl Failure {
    /// The end in one sentence: `failed after 3 of 12 cells: cannot read a.txt`.
    pub fn sentence(&self) -> String {
        let end = match self.kind {
            FailureKind::Failed => "failed",
            FailureKind::Panicked => "failed by a defect of this project",
            FailureKind::Interrupted => "interrupted",
            FailureKind::MissingData => "not run",
        };
        let progress = match self.n_cells {
            _ if self.kind == FailureKind::MissingData => String::new(),
            Some(n_cells) => format!(" after {} of {n_cells} cells", self.n_done),
            None => String::new(),
        };
        if self.reason.is_empty() {
            format!("{end}{progress}")
        } else {
            format!("{end}{progress}: {}", self.reason)
        }
    }

    /// Writes `failure.json` into the folder of the claim and tier and returns its path.
    ///
    /// # Errors
    ///
    /// A system error.
    pub fn write(&self, root: &Path) -> Result<PathBuf, OutcomeError> {
        let text = serde_json::to_string_pretty(self).expect("a failure is plain JSON") + "\n";
        write_file(&claim_folder(root, &self.claim, self.tier), FILE, &text)
    }

    /// Reads the `failure.json` of a folder; `None` if there is none.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or it is no failure as this version knows it.
    pub fn read(folder: &Path) -> Result<Option<Self>, OutcomeError> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let failure = serde_json::from_str(&read_file(&path)?);
        failure
            .map(Some)
            .map_err(|source| OutcomeError::OtherVersion { path, source })
    }

    /// Removes the failure of a claim in a tier, if there is one.
    ///
    /// # Errors
    ///
    /// A system error.
    pub fn remove(root: &Path, claim: &str, tier: Tier) -> Result<(), OutcomeError> {
        let path = claim_folder(root, claim, tier).join(FILE);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(OutcomeError::Io {
                action: "remove",
                path,
                source,
            }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure() -> Failure {
        Failure {
            claim: "elsa".into(),
            tier: Tier::Quick,
            device: "flex".into(),
            commit: "0123abc".into(),
            date: "2026-11-29T23:15:54Z".into(),
            kind: FailureKind::Interrupted,
            reason: String::new(),
            n_done: 3,
            n_cells: Some(12),
            remedy: "cargo xtask reproduce elsa --resume".into(),
        }
    }

    #[test]
    fn a_failure_survives_its_file_until_it_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("elsa/quick");
        assert_eq!(Failure::read(&folder).unwrap(), None);
        failure().write(root.path()).unwrap();
        assert_eq!(Failure::read(&folder).unwrap(), Some(failure()));
        Failure::remove(root.path(), "elsa", Tier::Quick).unwrap();
        Failure::remove(root.path(), "elsa", Tier::Quick).unwrap();
        assert_eq!(Failure::read(&folder).unwrap(), None);
        fs::write(folder.join(FILE), "{}").unwrap();
        assert!(matches!(Failure::read(&folder), Err(OutcomeError::OtherVersion { .. })));
    }

    #[test]
    fn the_sentence_says_how_far_it_got_and_why_it_ended() {
        assert_eq!(failure().sentence(), "interrupted after 3 of 12 cells");
        let missing = Failure {
            kind: FailureKind::MissingData,
            reason: "wikitext2 is missing".into(),
            ..failure()
        };
        assert_eq!(missing.sentence(), "not run: wikitext2 is missing");
    }
}
