//! The journal of a run: what an interrupted run needs to go on.

use std::path::Path;

use secateurs_data::{read_text, write_atomic};
use secateurs_tensor::{LayerReport, Pattern};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::prune::recipe::Recipe;

/// Name of the journal in the staging folder.
pub(crate) const FILE: &str = "journal.json";

/// What an interrupted run needs to go on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Journal {
    /// Recipe of the run.
    pub recipe: Recipe,
    /// Fingerprint of the source model.
    pub source: String,
    /// Sha256 of the calibration tokens.
    pub calibration: String,
    /// Pattern of each block.
    pub patterns: Vec<Pattern>,
    /// Number of blocks stored.
    pub n_stored: usize,
    /// Reports of their layers.
    pub layers: Vec<LayerReport>,
    /// Seconds spent by earlier runs.
    pub seconds: f64,
}

impl Journal {
    /// Reads the journal of a staging folder.
    pub(crate) fn read(staging: &Path) -> Result<Self, Error> {
        read(&staging.join(FILE))
    }

    /// Writes the journal, replacing the former one at once.
    pub(crate) fn write(&self, staging: &Path) -> Result<(), Error> {
        write(self, &staging.join(FILE))
    }

    /// Refuses to go on with other inputs than the run began with.
    pub(crate) fn check_same(&self, other: &Self, staging: &Path) -> Result<(), Error> {
        let differs = [
            (self.recipe != other.recipe, "recipe"),
            (self.source != other.source, "model"),
            (self.calibration != other.calibration, "calibration text"),
        ];
        refuse_difference(differs, staging)
    }
}

/// Removes the journal from the folder of a finished run.
pub(crate) fn remove(folder: &Path) -> Result<(), Error> {
    let path = folder.join(FILE);
    std::fs::remove_file(&path).map_err(|source| Error::Remove { path, source })
}

/// Reads a journal of any kind. Where it is not there, the unfinished work is that of a job of another kind.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    refuse_difference([(!path.is_file(), "kind of method")], path.parent().unwrap_or(path))?;
    serde_json::from_str(&read_text(path)?).map_err(Error::Journal)
}

/// Writes a journal of any kind, whole or not at all.
pub(crate) fn write(journal: &impl Serialize, path: &Path) -> Result<(), Error> {
    let json = serde_json::to_vec(journal).map_err(Error::Json)?;
    Ok(write_atomic(path, &json)?)
}

/// Refuses to go on if anything differs, and names the first that does.
pub(crate) fn refuse_difference(
    differs: impl IntoIterator<Item = (bool, &'static str)>,
    staging: &Path,
) -> Result<(), Error> {
    match differs.into_iter().find(|(differs, _)| *differs) {
        Some((_, what)) => Err(Error::ResumeMismatch {
            path: staging.to_owned(),
            what,
        }),
        None => Ok(()),
    }
}
