//! The journal of a run: what an interrupted run needs to go on.

use std::path::Path;

use secateurs_data::{read_text, write_atomic};
use secateurs_tensor::{LayerReport, Pattern};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::recipe::Recipe;

/// Name of the journal in the staging folder.
const FILE: &str = "journal.json";

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
        serde_json::from_str(&read_text(&staging.join(FILE))?).map_err(Error::Journal)
    }

    /// Writes the journal, replacing the former one at once.
    pub(crate) fn write(&self, staging: &Path) -> Result<(), Error> {
        let json = serde_json::to_vec(self).map_err(Error::Json)?;
        Ok(write_atomic(&staging.join(FILE), &json)?)
    }

    /// Refuses to go on with other inputs than the run began with.
    pub(crate) fn check_same(&self, other: &Self, staging: &Path) -> Result<(), Error> {
        let differs = [
            (self.recipe != other.recipe, "recipe"),
            (self.source != other.source, "model"),
            (self.calibration != other.calibration, "calibration text"),
        ];
        match differs.into_iter().find(|(differs, _)| *differs) {
            Some((_, what)) => Err(Error::ResumeMismatch {
                path: staging.to_owned(),
                what,
            }),
            None => Ok(()),
        }
    }
}

/// Removes the journal from the folder of a finished run.
pub(crate) fn remove(folder: &Path) -> Result<(), Error> {
    let path = folder.join(FILE);
    std::fs::remove_file(&path).map_err(|source| Error::Remove { path, source })
}
