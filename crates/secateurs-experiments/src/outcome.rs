//! The outcome of one run of one claim, and the file that keeps it.

mod answer;
mod environment;
mod group;
mod means;
mod row;
mod spread;
mod subject;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use answer::{Answer, Better, Conclusion, Question};
pub use environment::{Environment, current_commit};
pub use group::Group;
pub use means::pool_deviations;
pub use row::Row;
pub use spread::Spread;
pub use subject::{Metric, Subject};

/// The extent of a claim's run.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum, Default,
)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// Every system beside its controls, in seconds each, with nothing but the repository.
    #[default]
    Quick,
    /// Sweeps, seeds and spreads on the same models, within about an hour.
    Standard,
    /// The real models and data sets, for hours.
    Full,
}

impl fmt::Display for Tier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Quick => "quick",
            Self::Standard => "standard",
            Self::Full => "full",
        })
    }
}

/// Why an outcome could not be kept or read back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutcomeError {
    /// The system refused to read, list or create a file or folder.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// The attempt, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file could not be written whole; its former content is unchanged.
    #[error(transparent)]
    Write(#[from] secateurs_data::DataError),
    /// A file is not an outcome.
    #[error("{} is not an outcome", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The reader's reason, with its place.
        source: serde_json::Error,
    },
}

/// The result of one claim in one tier on one device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The claim's name, which is also its folder.
    pub claim: String,
    /// The claim in one sentence.
    pub title: String,
    /// The paper it is from.
    pub reference: String,
    /// Extent of the run.
    pub tier: Tier,
    /// The backend's name.
    pub device: String,
    /// The commit of the code that ran, `-dirty` if it was changed.
    pub commit: String,
    /// Seeds over which the spread was taken.
    pub seeds: Vec<u64>,
    /// Numbers that were measured, controls included.
    pub rows: Vec<Row>,
    /// Facts that a reader must know to judge the numbers: deviations, what could not be run and why.
    pub notes: Vec<String>,
    /// The paper's numbers for the same cases.
    pub paper: Vec<Row>,
    /// Place and time of the run.
    pub environment: Environment,
    /// Duration of the run.
    pub seconds: f64,
    /// Answers to the claim's questions, the first of them the headline; none in outcomes of versions before there were questions.
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// Charts beside the outcome, in the order in which they are shown; none in outcomes of versions before they were listed.
    #[serde(default)]
    pub charts: Vec<ChartEntry>,
}

/// A chart in the folder of its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChartEntry {
    /// Name of the file, without its ending.
    pub name: String,
    /// The point of the chart in one sentence.
    pub title: String,
    /// The chart's place in the report.
    pub rank: ChartRank,
}

/// The place of a chart in the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChartRank {
    /// Shows the point of the claim; always open.
    Headline,
    /// Shows what else was measured; folded.
    Detail,
}

impl Outcome {
    /// An empty outcome of this commit on this machine.
    pub fn new(claim: &str, tier: Tier, device: &str) -> Self {
        Self {
            claim: claim.to_owned(),
            title: String::new(),
            reference: String::new(),
            tier,
            device: device.to_owned(),
            commit: current_commit(workspace_root()),
            seeds: Vec::new(),
            rows: Vec::new(),
            notes: Vec::new(),
            paper: Vec::new(),
            environment: Environment::here(),
            seconds: 0.0,
            answers: Vec::new(),
            charts: Vec::new(),
        }
    }

    /// The folder of this outcome and its plots: `<root>/<claim>/<tier>`.
    pub fn folder(&self, root: &Path) -> PathBuf {
        root.join(&self.claim).join(self.tier.to_string())
    }

    /// Writes `outcome.json` into the outcome's folder and returns its path.
    ///
    /// # Errors
    ///
    /// A system error; an earlier outcome is then unchanged.
    pub fn write(&self, root: &Path) -> Result<PathBuf, OutcomeError> {
        let text = serde_json::to_string_pretty(self).expect("rows are plain JSON") + "\n";
        self.write_file(root, "outcome.json", &text)
    }

    /// Writes `<name>.svg` beside the outcome.
    ///
    /// # Errors
    ///
    /// A system error.
    pub fn write_plot(&self, root: &Path, name: &str, svg: &str) -> Result<PathBuf, OutcomeError> {
        self.write_file(root, &format!("{name}.svg"), svg)
    }

    fn write_file(&self, root: &Path, name: &str, text: &str) -> Result<PathBuf, OutcomeError> {
        let folder = self.folder(root);
        fs::create_dir_all(&folder).map_err(|source| OutcomeError::Io {
            action: "create",
            path: folder.clone(),
            source,
        })?;
        let path = folder.join(name);
        secateurs_data::write_atomic(&path, text.as_bytes())?;
        Ok(path)
    }

    /// Reads an `outcome.json`.
    ///
    /// # Errors
    ///
    /// The file is missing, or it is not an outcome.
    pub fn read(path: &Path) -> Result<Self, OutcomeError> {
        let text = fs::read_to_string(path).map_err(|source| OutcomeError::Io {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        serde_json::from_str(&text).map_err(|source| OutcomeError::Malformed {
            path: path.to_owned(),
            source,
        })
    }
}

/// The workspace this program was built from.
pub fn workspace_root() -> &'static Path {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder
        .ancestors()
        .nth(2)
        .expect("the crate lies two folders below the workspace root")
}

/// The folder of all outcomes: `target/reproduce` in the workspace, wherever Cargo's own target folder is.
pub fn reproduce_root() -> PathBuf {
    workspace_root().join("target").join("reproduce")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_survives_its_file() {
        let root = tempfile::tempdir().unwrap();
        let mut outcome = Outcome::new("layerwise", Tier::Quick, "flex");
        outcome.seeds = vec![0, 1, 2];
        outcome
            .rows
            .push(Row::new("wanda", "perplexity", 7.26).case("sparsity", 0.5));
        let path = outcome.write(root.path()).unwrap();
        assert!(path.ends_with("layerwise/quick/outcome.json"));
        assert_eq!(Outcome::read(&path).unwrap(), outcome);
    }

    #[test]
    fn the_file_starts_with_the_agreed_keys() {
        let outcome = Outcome::new("sparse", Tier::Full, "wgpu");
        let value = serde_json::to_value(&outcome).unwrap();
        for key in ["claim", "tier", "device", "commit", "seeds", "rows", "notes", "paper"] {
            assert!(value.get(key).is_some(), "{key} is missing");
        }
        assert_eq!(value["tier"], "full");
    }

    #[test]
    fn a_damaged_file_is_an_error_that_names_it() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("outcome.json");
        fs::write(&path, "{\"claim\": 3}").unwrap();
        let error = Outcome::read(&path).unwrap_err();
        assert!(error.to_string().contains("outcome.json"), "{error}");
    }

    #[test]
    fn the_workspace_root_holds_the_workspace_manifest() {
        let manifest = fs::read_to_string(workspace_root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"));
    }
}
