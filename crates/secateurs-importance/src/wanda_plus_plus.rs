//! Wanda++: Wanda with a gradient term.

use secateurs_tensor::Scores;

use crate::error::{ImportanceError, Result};
use crate::layer::{Importance, LayerView, Needs};
use crate::per_weight::per_weight;

/// `|W_ij| * (||X_j|| + alpha * G_ij)` with `G_ij = sqrt(mean over samples of g_ij^2)`.
///
/// # Examples
///
/// ```
/// use secateurs_importance::{GradientStats, Importance, LayerView, WandaPlusPlus};
/// use secateurs_tensor::WeightMatrix;
///
/// let weight = WeightMatrix::new(vec![2.0, -1.0], [1, 2])?;
/// let mut gradients = GradientStats::new([1, 2]);
/// gradients.observe("layer", &WeightMatrix::new(vec![0.0, -3.0], [1, 2])?)?;
/// let layer = LayerView::of_weight("layer", &weight).with_input_norms(&[1.0, 1.0]).with_gradients(&gradients);
/// assert_eq!(WandaPlusPlus { alpha: 10.0 }.score(&layer)?.values(), [2.0, 31.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
///
/// Yang et al., Wanda++: Pruning Large Language Models via Regional Gradients, Findings of ACL 2025, arXiv 2503.04992;
/// the paper takes the gradient of the l2 norm of the block's output and `alpha = 100`.
/// **Deviates:** the score only, on whatever gradients were collected; the paper's regional optimisation is not part
/// of a score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WandaPlusPlus {
    /// Weight of the gradient term.
    pub alpha: f32,
}

impl Default for WandaPlusPlus {
    fn default() -> Self {
        Self { alpha: 100.0 }
    }
}

impl Importance for WandaPlusPlus {
    fn name(&self) -> &str {
        "wanda++"
    }

    fn needs(&self) -> Needs {
        Needs::BOTH
    }

    fn score(&self, layer: &LayerView<'_>) -> Result<Scores> {
        let alpha = self.alpha;
        if !(alpha.is_finite() && alpha >= 0.0) {
            return Err(ImportanceError::BadParameter {
                importance: "wanda++",
                parameter: "alpha",
                value: alpha,
            });
        }
        let norms = layer.norms(self.name())?;
        let squares = layer.gradient_stats(self.name())?.mean_square();
        let d_input = layer.weight.d_input();
        layer.scores(per_weight(layer.weight, |output, input, value| {
            value.abs() * (norms[input] + alpha * squares[output * d_input + input].sqrt())
        }))
    }
}
