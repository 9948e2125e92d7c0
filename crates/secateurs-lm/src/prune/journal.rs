//! The journal of a run that prunes block by block.

use secateurs_data::{Checkpoint, RunJournal};
use secateurs_tensor::{LayerReport, Pattern};
use serde::{Deserialize, Serialize};

use crate::prune::error::PruneJobError;
use crate::prune::recipes::recipe::Recipe;
use crate::text::windows::hash_tokens;

/// Facts from which an interrupted run resumes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PruneJournal {
    /// Recipe of the run.
    pub recipe: Recipe,
    /// Fingerprint of the source model.
    pub source: String,
    /// Sha256 of the calibration tokens.
    pub calibration: String,
    /// Pattern of each block.
    pub patterns: Vec<Pattern>,
    /// Number of stored blocks.
    pub n_stored: usize,
    /// Reports of their layers.
    pub layers: Vec<LayerReport>,
    /// Seconds spent by earlier runs.
    pub seconds: f64,
}

impl PruneJournal {
    /// The journal of a new run.
    pub(crate) fn new(recipe: &Recipe, source: &Checkpoint, sequences: &[Vec<u32>]) -> Result<Self, PruneJobError> {
        Ok(Self {
            recipe: recipe.clone(),
            source: source.fingerprint()?,
            calibration: hash_tokens(sequences),
            patterns: Vec::new(),
            n_stored: 0,
            layers: Vec::new(),
            seconds: 0.0,
        })
    }
}

impl RunJournal for PruneJournal {
    const KIND: &'static str = "blocks";

    fn difference(&self, asked: &Self) -> Option<&'static str> {
        let differs = [
            (self.recipe != asked.recipe, "recipe"),
            (self.source != asked.source, "model"),
            (self.calibration != asked.calibration, "calibration"),
        ];
        differs.into_iter().find_map(|(differs, what)| differs.then_some(what))
    }
}
