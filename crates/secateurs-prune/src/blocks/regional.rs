//! Regional gradients: the gradients of a block's own output.

use std::collections::{BTreeMap, BTreeSet};

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use secateurs_importance::{GradientCollector, GradientStats};
use secateurs_tensor::PathRules;

use crate::blocks::collect::Collector;
use crate::blocks::flow::Flow;
use crate::blocks::method::BlockTask;
use crate::blocks::store::BlockStore;
use crate::error::PruneError;

/// Gradients of `||block(X_n)||_2` for every calibration flow `X_n`, by paths within the block; the same pass feeds
/// `collector`.
///
/// # References
///
/// Yang et al., Wanda++, arXiv 2503.04992, equation 3: the gradient of the l2 norm of the dense block's output.
pub(crate) fn collect_with_gradients<S: BlockStore>(
    task: &BlockTask<'_, S>,
    paths: BTreeSet<String>,
    collector: &mut Collector,
) -> Result<BTreeMap<String, GradientStats>, PruneError> {
    let block = task.dense.clone().train();
    let mut gradients = GradientCollector::new(PathRules::new(paths, [""; 0])?);
    for input in task.inputs {
        let output = task.store.forward(&block, input.to_autodiff(), collector);
        collector.check()?;
        let backward = GradientsParams::from_grads(norm(output).backward(), &block);
        gradients.observe(&block, &backward)?;
    }
    Ok(gradients.into_stats())
}

/// The norm `||output||_2`; where it is zero, a function whose gradient is zero, as the norm itself has none there.
fn norm<F: Flow>(output: F) -> Tensor<1> {
    let n_values = output.n_values() as f64;
    let square = output.mean_square() * n_values;
    let value: f32 = square.clone().into_scalar();
    if value == 0.0 { square } else { square.sqrt() }
}
