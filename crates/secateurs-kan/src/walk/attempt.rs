//! Attempts of the stages, and their results.

use secateurs_formula::Rounding;

/// One attempt of a stage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attempt {
    /// The stage.
    pub stage: Stage,
    /// Validation loss of its result, after training where the stage trains; for a task with several losses, the loss
    /// that is greatest relative to its limit.
    pub loss: f64,
    /// The greatest loss that the budget allows.
    pub limit: f64,
    /// Change of the outputs by the stage: the greatest of their root mean squares over all inputs, each as a share of the
    /// output's deviation before the stage.
    pub change: f64,
    /// The greatest change that the budget allows.
    pub most_change: f64,
    /// Edges that are left.
    pub edges: usize,
}

impl Attempt {
    /// Whether the result is kept.
    pub fn accepted(&self) -> bool {
        self.loss <= self.limit && self.change <= self.most_change
    }
}

/// A stage and the setting that it tries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stage {
    /// The unchanged network.
    Full,
    /// Removal of nodes and edges with scores up to this threshold.
    Prune(f64),
    /// Functions that explain this share of the variance of their edges, if one does.
    Symbolic(f64),
    /// Rounding of constants.
    Round(Rounding),
}
