//! How a module is trained.

use super::adam::AdamSettings;
use super::constraint::Constraint;
use super::schedule::{LearningRate, bad};
use crate::PruneError;

/// How a module is trained.
#[derive(Debug, Clone)]
pub struct TrainConfig {
    /// Number of steps.
    pub steps: usize,
    /// Micro-batches whose gradients are averaged in a step.
    pub micro_batches: usize,
    /// Learning rate of each step.
    pub learning_rate: LearningRate,
    /// Adam.
    pub adam: AdamSettings,
    /// The gradient of all parameters together is shortened to this norm, before the penalty is added.
    pub max_norm: Option<f64>,
    /// Radius of sharpness-aware minimisation (arXiv 2010.01412): the gradient is taken at `x + r g / ||g||`; 0 for none.
    pub sharpness: f64,
    /// What happens to the weights that are to go.
    pub constraint: Constraint,
}

impl TrainConfig {
    /// `steps` steps of one batch each, with ELSA's other defaults: Adam without decay, norm 1, linear decay to 0.
    pub fn new(steps: usize, learning_rate: f64, constraint: Constraint) -> Self {
        Self {
            steps,
            micro_batches: 1,
            learning_rate: LearningRate::linear(learning_rate),
            adam: AdamSettings::default(),
            max_norm: Some(1.0),
            sharpness: 0.0,
            constraint,
        }
    }

    pub(crate) fn check(&self) -> Result<(), PruneError> {
        if self.steps == 0 {
            return Err(bad("steps", "at least 1", 0.0));
        }
        if self.micro_batches == 0 {
            return Err(bad("micro-batches", "at least 1", 0.0));
        }
        for (setting, value) in [
            ("maximum norm", self.max_norm.unwrap_or(1.0)),
            ("sharpness", self.sharpness + 1.0),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(bad(setting, "a finite number above 0", value));
            }
        }
        self.learning_rate.check(self.steps)?;
        self.adam.check()?;
        match &self.constraint {
            Constraint::Admm(settings) => settings.check(),
            _ => Ok(()),
        }
    }
}
