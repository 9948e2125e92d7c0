//! The outliers of every block of a dense model, for OWL.

use burn::tensor::Tensor;
use secateurs_importance::{Importance, LayerView, Wanda};
use secateurs_tensor::PathRules;

use crate::blocks::block::BlockStore;
use crate::blocks::collect::Collector;
use crate::blocks::driver::{collect, forward_all, selected_weights};
use crate::blocks::owl::outlier_fraction;
use crate::{PruneError, Statistics};

/// The fraction of outliers of each block in one pass through the dense model: the share of Wanda scores over the
/// block's linears above `multiple` times their mean.
///
/// `hidden` is the input of block 0 as for [`prune_blocks`](crate::prune_blocks).
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
    mut hidden: Vec<Tensor<3>>,
    multiple: f64,
    rules: &PathRules,
) -> Result<Vec<f64>, PruneError> {
    if hidden.is_empty() {
        return Err(PruneError::NoCalibration);
    }
    let mut fractions = Vec::with_capacity(store.n_blocks());
    for index in 0..store.n_blocks() {
        let block = store.load(index).map_err(PruneError::store)?;
        fractions.push(block_fraction(store, (index, &block), &hidden, multiple, rules)?);
        forward_all(store, &block, &mut hidden);
    }
    Ok(fractions)
}

fn block_fraction<S: BlockStore>(
    store: &S,
    (index, block): (usize, &S::Block),
    hidden: &[Tensor<3>],
    multiple: f64,
    rules: &PathRules,
) -> Result<f64, PruneError> {
    let block_path = store.path(index);
    let weights = selected_weights(block, &block_path, rules);
    let mut collector = Collector::new(Statistics::Norms, weights.keys().cloned().collect());
    collect(store, block, hidden, &mut collector)?;
    let sites = collector.finish();
    let mut scores = Vec::with_capacity(weights.len());
    for (path, weight) in &weights {
        let full_path = format!("{block_path}.{path}");
        let site = sites.of(path).ok_or_else(|| PruneError::NotObserved {
            path: full_path.clone(),
        })?;
        let view = LayerView {
            path: &full_path,
            weight,
            input_norms: Some(site.input_norms()),
            gradients: None,
        };
        scores.push(Wanda.score(&view)?);
    }
    Ok(outlier_fraction(&scores, multiple))
}
