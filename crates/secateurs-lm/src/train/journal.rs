//! The journal of a training.

use secateurs_data::RunJournal;
use serde::{Deserialize, Serialize};

use crate::prune::recipes::recipe::Recipe;
use crate::train::log::TrainingLog;

/// Version of stored states; it changes whenever a stored state means something else.
pub(crate) const VERSION: u32 = 1;

/// Facts from which an interrupted training resumes, besides its state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TrainingJournal {
    /// Version of stored states.
    pub(crate) version: u32,
    /// Recipe of the run.
    pub(crate) recipe: Recipe,
    /// Fingerprint of the source model.
    pub(crate) source: String,
    /// Sha256 of the training tokens.
    pub(crate) tokens: String,
    /// Number of steps done in the stored state.
    pub(crate) steps_done: usize,
    /// Events so far.
    pub(crate) log: TrainingLog,
    /// Seconds spent by earlier runs.
    pub(crate) seconds: f64,
}

impl RunJournal for TrainingJournal {
    const KIND: &'static str = "training";

    fn difference(&self, asked: &Self) -> Option<&'static str> {
        let differs = [
            (self.version != asked.version, "version of the program"),
            (self.recipe != asked.recipe, "recipe"),
            (self.source != asked.source, "model"),
            (self.tokens != asked.tokens, "training text"),
        ];
        differs.into_iter().find_map(|(differs, what)| differs.then_some(what))
    }
}
