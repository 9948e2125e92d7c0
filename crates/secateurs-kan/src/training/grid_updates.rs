//! Grids that follow the values in a network while it is trained.

use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::layers::network::Kan;

/// The steps at which grids follow the values in the network.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GridUpdates {
    /// Steps from one update to the next.
    pub every: usize,
    /// First step without updates.
    pub until: usize,
    /// Share of equal distances; the rest are equal counts.
    pub uniform: f64,
}

impl Default for GridUpdates {
    /// Updates at every fifth of the first 50 steps, almost by equal counts, as in pykan.
    fn default() -> Self {
        Self {
            every: 5,
            until: 50,
            uniform: 0.02,
        }
    }
}

impl GridUpdates {
    /// The network with grids that follow its inputs, if it is time to update them, and whether it was.
    ///
    /// # Errors
    ///
    /// If an input is NaN or infinite.
    pub fn before_step(&self, kan: Kan, x: &Tensor<2>, step: usize) -> Result<(Kan, bool)> {
        if step >= self.until || !step.is_multiple_of(self.every.max(1)) {
            return Ok((kan, false));
        }
        Ok((kan.valid().with_grids_following(x.clone(), self.uniform)?, true))
    }
}
