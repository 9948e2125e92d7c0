//! Collects gradients of a burn module's weights.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::optim::GradientsParams;
use secateurs_tensor::{FoundWeight, PathRules, WeightMatrix, find_weights};

use crate::error::Result;
use crate::gradients::stats::GradientStats;

/// Turns the gradients of backward passes into [`GradientStats`] per parameter path.
///
/// # Examples
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::optim::GradientsParams;
/// use burn::tensor::Tensor;
/// use secateurs_importance::GradientCollector;
/// use secateurs_tensor::PathRules;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let device = secateurs_testkit::device().autodiff();
/// let linear = LinearConfig::new(2, 1).init(&device);
/// let mut collector = GradientCollector::new(PathRules::default());
/// let loss = linear.forward(Tensor::<2>::from_data([[3.0, 5.0]], &device)).sum();
/// let gradients = GradientsParams::from_grads(loss.backward(), &linear);
/// collector.observe(&linear, &gradients)?;
/// assert_eq!(collector.into_stats()["weight"].mean(), [3.0, 5.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct GradientCollector {
    rules: PathRules,
    stats: BTreeMap<String, GradientStats>,
}

impl GradientCollector {
    /// Collects the gradients of the weights that `rules` select: linears and 2-d convolutions.
    pub fn new(rules: PathRules) -> Self {
        Self {
            rules,
            stats: BTreeMap::new(),
        }
    }

    /// Adds one sample: the gradients of one backward pass through `module`.
    ///
    /// A selected weight without a gradient (frozen, or not reached) is left out.
    ///
    /// # Errors
    ///
    /// If a gradient is NaN or infinite, or has other dimensions than before. Other parameters may have been added.
    pub fn observe(&mut self, module: &impl Module, gradients: &GradientsParams) -> Result<()> {
        for FoundWeight { path, id, rank } in find_weights(module, &self.rules) {
            let gradient = match rank {
                2 => gradients.get::<2>(id).map(|value| WeightMatrix::from_linear(&value)),
                _ => gradients.get::<4>(id).map(|value| WeightMatrix::from_conv2d(&value)),
            };
            let Some(gradient) = gradient else { continue };
            let stats = self
                .stats
                .entry(path.clone())
                .or_insert_with(|| GradientStats::new(gradient.dims()));
            stats.observe(&path, &gradient)?;
        }
        Ok(())
    }

    /// Adds the samples of another collector.
    ///
    /// # Errors
    ///
    /// If a parameter has other dimensions there.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        for (path, stats) in &other.stats {
            let own = self
                .stats
                .entry(path.clone())
                .or_insert_with(|| GradientStats::new(stats.dims()));
            own.merge(path, stats)?;
        }
        Ok(())
    }

    /// The statistics so far, by path.
    pub fn stats(&self) -> &BTreeMap<String, GradientStats> {
        &self.stats
    }

    /// The statistics, by path.
    pub fn into_stats(self) -> BTreeMap<String, GradientStats> {
        self.stats
    }
}
