//! Data about a module's layers besides their weights, by parameter path.

use std::collections::BTreeMap;

use secateurs_tensor::WeightMatrix;

use crate::gradients::stats::GradientStats;
use crate::layer::LayerView;

/// Statistics of a module's linears under the paths of their weights.
#[derive(Debug, Clone, Default)]
pub struct ModuleStatistics {
    /// `||X_j||` of each linear's inputs.
    pub input_norms: BTreeMap<String, Vec<f32>>,
    /// Gradients of each linear's weight.
    pub gradients: BTreeMap<String, GradientStats>,
}

impl ModuleStatistics {
    /// The layer at `path` with all its data.
    pub fn view<'a>(&'a self, path: &'a str, weight: &'a WeightMatrix) -> LayerView<'a> {
        LayerView {
            path,
            weight,
            input_norms: self.input_norms.get(path).map(Vec::as_slice),
            gradients: self.gradients.get(path),
        }
    }
}
