//! Outcomes on disk, with their plots.

use std::fs;
use std::path::{Path, PathBuf};

use crate::outcome::{Outcome, OutcomeError};

/// One outcome on disk: the numbers, or why they cannot be shown, and its plots.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) folder: PathBuf,
    pub(super) outcome: Result<Outcome, OutcomeError>,
    pub(super) plots: Vec<String>,
}

/// All outcomes below `root`, sorted by claim and tier.
pub(super) fn read_sections(root: &Path) -> Result<Vec<Section>, OutcomeError> {
    let mut sections = Vec::new();
    for claim in folders(root)? {
        for folder in folders(&claim)? {
            let path = folder.join("outcome.json");
            if path.is_file() {
                sections.push(Section {
                    outcome: Outcome::read(&path),
                    plots: read_plots(&folder)?,
                    folder,
                });
            }
        }
    }
    Ok(sections)
}

fn read_plots(folder: &Path) -> Result<Vec<String>, OutcomeError> {
    let files = entries(folder)?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "svg"));
    files
        .map(|path| fs::read_to_string(&path).map_err(|source| unreadable("read", &path, source)))
        .collect()
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
