//! Reports on layers, counted in the module that holds them.

use burn::module::Module;
use secateurs_tensor::{LayerReport, MaskSet, PathRules, Pattern, WeightMatrix, read_weights};

/// Layers that were pruned together.
#[derive(Debug, Clone, Copy)]
pub struct PrunedTogether<'a> {
    /// Path of their module in the whole model; empty if it is the model.
    pub module_path: &'a str,
    /// Masks of the layers, by their paths within the module.
    pub masks: &'a MaskSet,
    /// The pattern requested for every layer; where layers competed, the mask shows how much was requested of its
    /// layer.
    pub pattern: Option<Pattern>,
    /// Seconds that all layers took.
    pub seconds: f64,
}

/// Reports on layers that were pruned together, with zeros counted in the module that holds the result.
pub fn layer_reports<M: Module>(module: &M, layers: &PrunedTogether<'_>) -> Vec<LayerReport> {
    let rules = PathRules::new(layers.masks.keys().cloned(), [""; 0]).expect("paths are globs");
    let weights = read_weights(module, &rules);
    let n_weights: usize = weights.iter().map(|(_, weight)| weight.len()).sum();
    let layer = |(path, weight): &(String, WeightMatrix)| LayerReport {
        path: join(layers.module_path, path),
        dims: weight.dims(),
        requested_sparsity: layers
            .pattern
            .map_or_else(|| layers.masks[path].sparsity(), Pattern::sparsity),
        requested_pruned: layers
            .pattern
            .map_or_else(|| layers.masks[path].n_pruned(), |p| p.pruned_count(weight.dims())),
        pruned: weight.n_zeros(),
        seconds: layers.seconds * weight.len() as f64 / n_weights as f64,
        relative_error: None,
        events: Vec::new(),
    };
    weights.iter().map(layer).collect()
}

/// Counts the zeros of layers in the block as it was stored, whatever made them.
pub(crate) fn count_zeros<M: Module>(stored: &M, block_path: &str, layers: &mut [LayerReport]) {
    for (path, weight) in read_weights(stored, &everything()) {
        let path = join(block_path, &path);
        if let Some(layer) = layers.iter_mut().find(|layer| layer.path == path) {
            layer.pruned = weight.n_zeros();
        }
    }
}

/// Rules that select every weight.
pub(crate) fn everything() -> PathRules {
    PathRules::new(["*"], [""; 0]).expect("a star is a glob")
}

fn join(module_path: &str, path: &str) -> String {
    if module_path.is_empty() {
        path.to_owned()
    } else {
        format!("{module_path}.{path}")
    }
}
