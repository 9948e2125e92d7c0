//! The schedule of a training: optimizer, number of steps, and end.

use secateurs_train::EarlyStopping;
use serde::{Deserialize, Serialize};

/// The optimizer of the steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Optimizer {
    /// Adam.
    Adam {
        /// Learning rate of Adam.
        learning_rate: f64,
    },
    /// L-BFGS with strong Wolfe line search; a step is up to `iterations` iterations. Needs the same loss at every step.
    Lbfgs {
        /// Iterations in one step.
        iterations: usize,
        /// Pairs of differences kept.
        history: usize,
    },
}

impl Optimizer {
    /// L-BFGS with pykan's settings: 20 iterations per step, history 10.
    pub const LBFGS: Self = Self::Lbfgs {
        iterations: 20,
        history: 10,
    };
}

/// The weights that a training returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// Weights of the last step.
    Last,
    /// Weights with the least validation loss, or the last ones without validation.
    #[default]
    Best,
}

/// The schedule of a training: optimizer, number of steps, and end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// Adam or L-BFGS.
    pub optimizer: Optimizer,
    /// Largest number of steps.
    pub steps: usize,
    /// Number of steps without a smaller validation loss after which training ends.
    pub patience: Option<usize>,
    /// Weights that the training returns.
    pub keep: Keep,
}

impl Schedule {
    /// A schedule with a number of steps of an optimizer.
    pub fn new(optimizer: Optimizer, steps: usize) -> Self {
        Self {
            optimizer,
            steps,
            patience: None,
            keep: Keep::Best,
        }
    }

    /// The rule by which the loss on unseen rows ends the training.
    pub fn early_stopping(&self) -> EarlyStopping {
        EarlyStopping {
            patience: self.patience,
            ..EarlyStopping::default()
        }
    }

    /// Ends the training early if the validation loss does not fall for this many steps.
    pub fn with_patience(self, patience: usize) -> Self {
        Self {
            patience: Some(patience),
            ..self
        }
    }
}
