//! The outliers of every block of a dense model, for OWL.

use std::collections::BTreeMap;

use secateurs_importance::{Importance, LayerView, Wanda};
use secateurs_tensor::{InputNeed, PathRules, Scores, WeightMatrix};

use crate::blocks::collect::Collector;
use crate::blocks::owl::outlier_fraction;
use crate::blocks::passes::{collect, forward_all, selected_weights};
use crate::blocks::store::BlockStore;
use crate::error::PruneError;

/// The fraction of outliers of each block, in one pass through the dense model: the share of Wanda scores over the
/// block's linears that exceed `multiple` times their mean.
///
/// `inputs` are the inputs of block 0 as for [`prune_blocks`](crate::prune_blocks).
///
/// # Errors
///
/// If there is no calibration batch, a statistic or weight is not finite, or the store fails.
///
/// # References
///
/// Yin et al., Outlier Weighed Layerwise Sparsity, arXiv 2310.05175.
pub fn outlier_fractions<S: BlockStore>(
    store: &S,
    mut inputs: Vec<S::Flow>,
    multiple: f64,
    rules: &PathRules,
) -> Result<Vec<f64>, PruneError> {
    if inputs.is_empty() {
        return Err(PruneError::NoCalibration);
    }
    let mut fractions = Vec::with_capacity(store.n_blocks());
    for index in 0..store.n_blocks() {
        let block = store.load(index).map_err(PruneError::store)?;
        let weights = selected_weights(&block, &store.path(index), rules);
        let mut collector = Collector::new(InputNeed::Norms, weights.keys().cloned().collect());
        collect(store, &block, &inputs, &mut collector)?;
        let scores = wanda_scores(&weights, &store.path(index), &collector.finish())?;
        fractions.push(outlier_fraction(&scores, multiple));
        forward_all(store, &block, &mut inputs);
    }
    Ok(fractions)
}

fn wanda_scores(
    weights: &BTreeMap<String, WeightMatrix>,
    block_path: &str,
    sites: &Collector,
) -> Result<Vec<Scores>, PruneError> {
    let score = |(path, weight): (&String, &WeightMatrix)| {
        let full_path = format!("{block_path}.{path}");
        let site = sites.of(path).ok_or_else(|| PruneError::NotObserved {
            path: full_path.clone(),
        })?;
        let view = LayerView::of_weight(&full_path, weight).with_input_norms(site.input_norms());
        Ok(Wanda.score(&view)?)
    };
    weights.iter().map(score).collect()
}
