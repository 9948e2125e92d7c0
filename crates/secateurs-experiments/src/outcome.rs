//! The outcome of one run of one claim, and the file that keeps it.

mod environment;
mod error;
mod failure;
mod group;
mod means;
mod number;
mod places;
mod row;
mod spread;
mod subject;
mod tier;
mod upgrade;
mod verdict;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use places::{claim_folder, read_file, write_file};

pub use environment::{Environment, current_commit};
pub use error::OutcomeError;
pub use failure::{Failure, FailureKind};
pub use group::Group;
pub use means::pool_deviations;
pub use number::format_row_value;
pub use places::{reproduce_root, workspace_root};
pub use row::Row;
pub use spread::Spread;
pub use subject::{Metric, Subject};
pub use tier::Tier;
pub use verdict::{Answer, Band, Better, Conclusion, Question};

/// The result of one claim in one tier on one device.
///
/// A field that outcomes of older versions lack has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The claim's name, which is also its folder.
    pub claim: String,
    /// The claim in one sentence.
    #[serde(default)]
    pub title: String,
    /// The paper it is from.
    #[serde(default)]
    pub reference: String,
    /// Extent of the run.
    pub tier: Tier,
    /// The backend's name.
    #[serde(default)]
    pub device: String,
    /// The commit of the code that ran, `-dirty` if it was changed.
    #[serde(default)]
    pub commit: String,
    /// Parts of the names of the cells that were run; none if all were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// Seeds over which the spread was taken.
    #[serde(default)]
    pub seeds: Vec<u64>,
    /// Numbers that were measured, controls included.
    pub rows: Vec<Row>,
    /// Facts that a reader must know to judge the numbers: deviations, what could not be run and why.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The paper's numbers for the same cases.
    #[serde(default)]
    pub paper: Vec<Row>,
    /// Place and time of the run.
    #[serde(default)]
    pub environment: Environment,
    /// Duration of the run.
    #[serde(default)]
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
            only: Vec::new(),
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

    /// The folder of the claim in this tier: `<root>/<claim>/<tier>`.
    pub fn folder(&self, root: &Path) -> PathBuf {
        claim_folder(root, &self.claim, self.tier)
    }

    /// The folder of this outcome and its plots: the claim's in this tier, but `<root>/<claim>/<tier>-part` for a run of some
    /// cells, which must not replace the outcome of all.
    fn own_folder(&self, root: &Path) -> PathBuf {
        match self.only.is_empty() {
            true => self.folder(root),
            false => root.join(&self.claim).join(format!("{}-part", self.tier)),
        }
    }

    /// Writes `outcome.json` into the outcome's folder and returns its path.
    ///
    /// # Errors
    ///
    /// A system error; an earlier outcome is then unchanged.
    pub fn write(&self, root: &Path) -> Result<PathBuf, OutcomeError> {
        let text = serde_json::to_string_pretty(self).expect("rows are plain JSON") + "\n";
        write_file(&self.own_folder(root), "outcome.json", &text)
    }

    /// Writes `<name>.svg` beside the outcome.
    ///
    /// # Errors
    ///
    /// A system error.
    pub fn write_plot(&self, root: &Path, name: &str, svg: &str) -> Result<PathBuf, OutcomeError> {
        write_file(&self.own_folder(root), &format!("{name}.svg"), svg)
    }

    /// The conclusion on the claim, which is that on its first question; `None` if there is none.
    pub fn conclusion(&self) -> Option<Conclusion> {
        self.answers.first().map(|answer| answer.conclusion)
    }

    /// Reads an `outcome.json`, of this version or an older one as far as that can be.
    ///
    /// # Errors
    ///
    /// The file is missing or damaged, or an older version left too little in it.
    pub fn read(path: &Path) -> Result<Self, OutcomeError> {
        let value = upgrade::parse_upgraded(path, &read_file(path)?)?;
        serde_json::from_value(value).map_err(|source| OutcomeError::OtherVersion {
            path: path.to_owned(),
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_some_cells_does_not_replace_the_outcome_of_all() {
        let root = tempfile::tempdir().unwrap();
        let whole = Outcome::new("layerwise", Tier::Quick, "flex");
        let part = Outcome {
            only: vec!["wanda".into()],
            ..whole.clone()
        };
        let whole_path = whole.write(root.path()).unwrap();
        let part_path = part.write(root.path()).unwrap();
        assert!(part_path.ends_with("layerwise/quick-part/outcome.json"));
        assert_eq!(Outcome::read(&whole_path).unwrap(), whole);
        assert_eq!(Outcome::read(&part_path).unwrap(), part);
    }

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

    fn read_text(text: &str) -> Result<Outcome, OutcomeError> {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("outcome.json");
        std::fs::write(&path, text).unwrap();
        Outcome::read(&path)
    }

    #[test]
    fn a_damaged_file_is_an_error_that_names_it() {
        let error = read_text("{\"claim\": \"elsa\", ").unwrap_err().to_string();
        assert!(
            error.contains("outcome.json is not an outcome: it is damaged"),
            "{error}"
        );
    }

    #[test]
    fn a_file_of_another_version_is_an_error_that_says_what_to_do() {
        for (text, reason) in [
            ("{}", "missing field `claim`"),
            ("{\"claim\": 3}", "invalid type"),
            ("[1, 2]", "invalid"),
            (
                "{\"claim\": \"elsa\", \"tier\": \"gigantic\", \"rows\": []}",
                "unknown variant `gigantic`",
            ),
            (
                "{\"claim\": \"elsa\", \"tier\": \"quick\", \"rows\": [{\"method\": \"a\"}]}",
                "`metric`",
            ),
        ] {
            let error = read_text(text).unwrap_err();
            assert!(error.to_string().ends_with("run the claim again"), "{error}");
            let source = std::error::Error::source(&error)
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(source.contains(reason), "{source}");
        }
    }

    #[test]
    fn an_older_outcome_keeps_its_numbers_and_loses_spreads_of_unknown_kind() {
        let row = r#"{"method":"a","metric":"m","value":2.5,"spread":0.5,"control":false,"sparsity":0.9}"#;
        let outcome = read_text(&format!(
            r#"{{"claim":"elsa","tier":"full","rows":[{row},{row}],"seeds":[1]}}"#
        ));
        let outcome = outcome.unwrap();
        assert_eq!((outcome.rows.len(), outcome.rows[0].value()), (2, Some(2.5)));
        assert_eq!(
            (outcome.rows[0].spread(), outcome.rows[0].number("sparsity")),
            (None, Some(0.9))
        );
        assert_eq!(outcome.notes.len(), 1);
        assert!(outcome.notes[0].contains("older version") && outcome.answers.is_empty());
        assert_eq!((outcome.conclusion(), outcome.environment.threads), (None, 0));
    }
}
