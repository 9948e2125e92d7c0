//! Settings of the training of a learner.

use secateurs_kan::{Scale, Schedule};
use serde::{Deserialize, Serialize};

use crate::data::study::Study;
use crate::learners::learner::Learner;

/// Units of outcomes during training. Predictions are in the units of the study in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeUnits {
    /// Standardised: mean 0 and deviation 1 over the training rows, and the longer tail positive, so that learning
    /// rates and penalties mean the same for all studies. The networks take the units back.
    #[default]
    Standardised,
    /// The units of the study.
    AsGiven,
}

/// Settings of the training of a learner.
///
/// All rows are one batch. Networks compute with scaled covariates, in the units of the rows that they were first trained on, and
/// with scaled outcomes, and speak in the units of the study: `a x + b` and `c y + d` give the same model, up to rounding.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LearnerConfig {
    /// The learner.
    pub learner: Learner,
    /// Number of steps, and the optimizer.
    pub schedule: Schedule,
    /// Seed of the first network; each further network has the next seed.
    pub seed: u64,
    /// Units of the outcomes during training.
    pub units: OutcomeUnits,
    /// Weight of the cross-entropy of Dragon's propensity.
    pub propensity_weight: f64,
}

impl LearnerConfig {
    /// The defaults: seed 0, standardised outcomes, propensities with weight 1.
    pub fn new(learner: Learner, schedule: Schedule) -> Self {
        Self {
            learner,
            schedule,
            seed: 0,
            units: OutcomeUnits::default(),
            propensity_weight: 1.0,
        }
    }

    /// Sets the seed.
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The scale of outcomes during training.
    pub(super) fn scale_of(&self, study: &Study) -> Scale {
        match self.units {
            OutcomeUnits::AsGiven => Scale::default(),
            OutcomeUnits::Standardised => Scale::of_outcome(study.outcome()),
        }
    }
}
