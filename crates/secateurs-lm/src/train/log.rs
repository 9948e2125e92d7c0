//! The log of a training.

use secateurs_train::{StateBytes, StepReport};
use serde::{Deserialize, Serialize};

/// The validation loss of the pruned model at one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SparseLoss {
    /// Number of steps done.
    pub steps_done: usize,
    /// Mean loss of the model if training ended there, in nats; none if it is not finite.
    pub loss: Option<f64>,
}

/// The log of a training, stored beside its output as `training.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingLog {
    /// Number of tokens seen, counting repeats.
    pub tokens: usize,
    /// Mean number of uses of a window, at least 1.
    pub reuse: f64,
    /// State in memory besides weights and gradients.
    pub state: StateBytes,
    /// Seconds of training, without validation and files.
    pub train_seconds: f64,
    /// Reports of all steps.
    pub steps: Vec<StepReport>,
    /// Seconds of every step.
    pub step_seconds: Vec<f64>,
    /// Validation losses of the pruned model during training.
    pub sparse_losses: Vec<SparseLoss>,
}

impl TrainingLog {
    /// Number of training tokens per second.
    pub fn tokens_per_second(&self) -> f64 {
        self.tokens as f64 / self.train_seconds.max(f64::MIN_POSITIVE)
    }

    /// Notes for a reader of the report.
    pub(crate) fn notes(&self) -> Vec<String> {
        vec![
            format!(
                "{} tokens in {} steps, {:.0} a second; every window was used {:.2} times",
                self.tokens,
                self.steps.len(),
                self.tokens_per_second(),
                self.reuse
            ),
            format!(
                "{:.2} bytes of optimiser and dual state per trained parameter",
                self.state.per_parameter()
            ),
        ]
    }
}
