//! Outcomes on disk, with their charts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::headline::draw_answer;
use crate::outcome::{ChartRank, Failure, Outcome, OutcomeError};

/// One claim in one tier on disk: the numbers, or why they cannot be shown, and its charts.
#[derive(Debug)]
pub(super) struct Section {
    folder: PathBuf,
    /// The end of a later run that gave no outcome.
    pub(super) failure: Option<Failure>,
    /// The last outcome; absent if no run came to its end.
    pub(super) outcome: Option<Result<Outcome, OutcomeError>>,
    /// SVG documents by the names of their files.
    plots: BTreeMap<String, String>,
}

/// The charts of a section in the order in which they are shown.
#[derive(Debug, Default)]
pub(super) struct Charts {
    /// The chart that shows the point.
    pub(super) headline: Option<String>,
    /// All others.
    pub(super) details: Vec<String>,
}

impl Section {
    /// Name of the claim, from the folder, because a damaged outcome has no other name.
    pub(super) fn claim(&self) -> String {
        name_part(self.folder.parent().unwrap_or(&self.folder))
    }

    pub(super) fn tier(&self) -> String {
        name_part(&self.folder)
    }

    /// Place of the tier among the tiers, the shortest first.
    pub(super) fn tier_rank(&self) -> usize {
        let tier = self.tier();
        let known = ["quick", "standard", "full"];
        known.iter().position(|known| *known == tier).unwrap_or(known.len())
    }

    pub(super) fn anchor(&self) -> String {
        format!("{}-{}", self.claim(), self.tier())
    }

    /// The outcome if it can be read.
    pub(super) fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()?.as_ref().ok()
    }

    /// Sorts the charts by their rank.
    ///
    /// The headline is the drawing of the first answer, else the claim's own, else the first chart. Drawings of other answers follow,
    /// then the claim's charts as they are listed, then charts that no list names, as in outcomes of older versions.
    pub(super) fn charts(&self) -> Charts {
        let Some(outcome) = self.outcome() else {
            return Charts::default();
        };
        let mut rest = self.plots.clone();
        let mut charts = Charts::default();
        for entry in &outcome.charts {
            match rest.remove(&entry.name) {
                Some(svg) if entry.rank == ChartRank::Headline && charts.headline.is_none() => {
                    charts.headline = Some(svg)
                }
                Some(svg) => charts.details.push(svg),
                None => {}
            }
        }
        charts.details.extend(rest.into_values());
        // Questions about one number have one chart.
        let is_first = |at: &usize| {
            !outcome.answers[..*at]
                .iter()
                .any(|other| other.ours == outcome.answers[*at].ours)
        };
        let drawn = (0..outcome.answers.len()).filter(is_first);
        let mut answers = drawn.filter_map(|at| draw_answer(outcome, &outcome.answers[at]));
        if let Some(svg) = answers.next() {
            charts.details.splice(0..0, charts.headline.replace(svg));
        }
        if charts.headline.is_none() && !charts.details.is_empty() {
            charts.headline = Some(charts.details.remove(0));
        }
        charts.details.splice(0..0, answers.collect::<Vec<_>>());
        charts
    }
}

/// All claims below `root` that were run, sorted by claim and tier.
pub(super) fn read_sections(root: &Path) -> Result<Vec<Section>, OutcomeError> {
    let mut sections = Vec::new();
    for claim in folders(root)? {
        for folder in folders(&claim)? {
            sections.extend(read_section(folder)?);
        }
    }
    Ok(sections)
}

/// `None` if nothing was run there.
fn read_section(folder: PathBuf) -> Result<Option<Section>, OutcomeError> {
    let path = folder.join("outcome.json");
    let outcome = path.is_file().then(|| Outcome::read(&path));
    // A record of a failure that cannot be read is no reason to hide the outcome beside it.
    let (failure, outcome) = match (Failure::read(&folder), outcome) {
        (Ok(failure), outcome) => (failure, outcome),
        (Err(error), None) => (None, Some(Err(error))),
        (Err(_), outcome) => (None, outcome),
    };
    if failure.is_none() && outcome.is_none() {
        return Ok(None);
    }
    Ok(Some(Section {
        plots: read_plots(&folder)?,
        folder,
        failure,
        outcome,
    }))
}

fn read_plots(folder: &Path) -> Result<BTreeMap<String, String>, OutcomeError> {
    let files = entries(folder)?.into_iter();
    let files = files.filter(|path| path.extension().is_some_and(|end| end == "svg"));
    let read = |path: PathBuf| {
        let svg = fs::read_to_string(&path).map_err(|source| unreadable("read", &path, source))?;
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned());
        Ok((name.unwrap_or_default(), svg))
    };
    files.map(read).collect()
}

fn name_part(folder: &Path) -> String {
    folder
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>, OutcomeError> {
    Ok(entries(folder)?.into_iter().filter(|path| path.is_dir()).collect())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, OutcomeError> {
    let list = || -> std::io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect()
    };
    let mut paths = list().map_err(|source| unreadable("list", folder, source))?;
    paths.sort();
    Ok(paths)
}

fn unreadable(action: &'static str, path: &Path, source: std::io::Error) -> OutcomeError {
    OutcomeError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}
