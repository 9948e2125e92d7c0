//! The journal of a training: what an interrupted one needs to go on.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::prune::journal::{self, refuse_difference};
use crate::prune::recipe::Recipe;
use crate::train::log::TrainingLog;

/// Name of the journal in the staging folder.
pub(crate) const FILE: &str = "training-journal.json";
/// Changes whenever a stored state means something else.
pub(crate) const VERSION: u32 = 1;

/// What an interrupted training needs to go on, beside its state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Journal {
    pub(crate) version: u32,
    pub(crate) recipe: Recipe,
    pub(crate) source: String,
    pub(crate) tokens: String,
    pub(crate) steps_done: usize,
    pub(crate) log: TrainingLog,
    pub(crate) seconds: f64,
}

impl Journal {
    /// Reads the journal of a staging folder.
    pub(crate) fn read(staging: &Path) -> Result<Self, Error> {
        journal::read(&staging.join(FILE))
    }

    /// Writes the journal, replacing the former one at once.
    pub(crate) fn write(&self, staging: &Path) -> Result<(), Error> {
        journal::write(self, &staging.join(FILE))
    }

    /// Refuses to go on with other inputs than the run began with.
    pub(crate) fn check_same(&self, other: &Self, staging: &Path) -> Result<(), Error> {
        let differs = [
            (self.version != other.version, "version of the program"),
            (self.recipe != other.recipe, "recipe"),
            (self.source != other.source, "model"),
            (self.tokens != other.tokens, "training text"),
        ];
        refuse_difference(differs, staging)
    }
}
