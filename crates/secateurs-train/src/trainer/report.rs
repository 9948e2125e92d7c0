//! Reports of steps and of memory.

use serde::{Deserialize, Serialize};

/// One step of training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Index of the step.
    pub step: usize,
    /// Mean loss of its batches, before the step.
    pub loss: f64,
    /// Norm of the gradient before clipping.
    pub gradient_norm: f64,
    /// The learning rate.
    pub learning_rate: f64,
    /// The new sparse copy, in steps that make one.
    pub dual_update: Option<DualUpdate>,
}

/// Distance of the weights `x` from their sparse copy `z`, over all constrained tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DualUpdate {
    /// Primal residual `||x - z||`.
    pub primal: f64,
    /// Primal residual over `||x||`.
    pub relative_primal: f64,
    /// Dual residual `lambda ||z - z_before||`.
    pub dual: f64,
    /// Share of weights that entered or left the support.
    pub mask_change: f64,
    /// The penalty until the next sparse copy.
    pub lambda: f64,
}

/// Bytes of training state beside the weights and gradients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateBytes {
    /// Number of trained parameters.
    pub n_parameters: usize,
    /// Number of trained parameters that a pattern constrains.
    pub n_constrained: usize,
    /// Bytes of Adam's moments.
    pub moments: usize,
    /// Bytes of the sparse copies `z`.
    pub split: usize,
    /// Bytes of the scaled dual variables `u`.
    pub dual: usize,
}

impl StateBytes {
    /// Bytes of all state together.
    pub fn total(&self) -> usize {
        self.moments + self.split + self.dual
    }

    /// Bytes per trained parameter.
    pub fn per_parameter(&self) -> f64 {
        self.total() as f64 / self.n_parameters.max(1) as f64
    }
}
