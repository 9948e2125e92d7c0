//! Wanda++: Wanda with a gradient term.

use secateurs_tensor::{GradientNeed, Needs, NonNegative, Scores};

use crate::error::Result;
use crate::layer::{Importance, LayerView};
use crate::scores::per_weight::per_weight;

/// `|W_ij| * (||X_j|| + alpha * G_ij)` with `G_ij = sqrt(mean over samples of g_ij^2)`.
///
/// # Examples
///
/// ```
/// use secateurs_importance::{GradientStats, Importance, LayerView, WandaPlusPlus};
/// use secateurs_tensor::{NonNegative, WeightMatrix};
///
/// let weight = WeightMatrix::new(vec![2.0, -1.0], [1, 2])?;
/// let mut gradients = GradientStats::new([1, 2]);
/// gradients.observe("layer", &WeightMatrix::new(vec![0.0, -3.0], [1, 2])?)?;
/// let layer = LayerView::of_weight("layer", &weight).with_input_norms(&[1.0, 1.0]).with_gradients(&gradients);
/// assert_eq!(WandaPlusPlus { alpha: NonNegative::new(10.0)? }.score(&layer)?.values(), [2.0, 31.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
///
/// Yang et al., Wanda++: Pruning Large Language Models via Regional Gradients, Findings of ACL 2025, arXiv 2503.04992;
/// `g` is the gradient of the l2 norm of the block's output for one sample, and `alpha = 100`.
/// **Deviates:** the score only; the paper's regional optimisation is not part of a score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WandaPlusPlus {
    /// Weight of the gradient term.
    pub alpha: NonNegative,
}

impl Default for WandaPlusPlus {
    fn default() -> Self {
        Self {
            alpha: NonNegative::new(100.0).expect("a hundred is in range"),
        }
    }
}

impl Importance for WandaPlusPlus {
    fn name(&self) -> &str {
        "wanda++"
    }

    fn needs(&self) -> Needs {
        Needs {
            gradients: GradientNeed::Block,
            ..Needs::INPUT_NORMS
        }
    }

    fn score(&self, layer: &LayerView<'_>) -> Result<Scores> {
        let alpha = self.alpha.get() as f32;
        let norms = layer.norms(self.name())?;
        let squares = layer.gradient_stats(self.name())?.mean_square();
        let d_input = layer.weight.d_input();
        layer.scores(per_weight(layer.weight, |output, input, value| {
            value.abs() * (norms[input] + alpha * squares[output * d_input + input].sqrt())
        }))
    }
}
