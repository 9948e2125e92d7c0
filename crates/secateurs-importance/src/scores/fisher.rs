//! Fisher: the change of the loss, to second order and on the diagonal.

use secateurs_tensor::{Needs, Scores};

use crate::error::Result;
use crate::layer::{Importance, LayerView};
use crate::scores::per_weight::per_weight;

/// `F_ij * W_ij^2 / 2` with the empirical Fisher diagonal `F_ij = mean over samples of g_ij^2`: Optimal Brain Damage
/// with the Fisher matrix for the Hessian.
///
/// # Examples
///
/// ```
/// use secateurs_importance::{Fisher, GradientStats, Importance, LayerView};
/// use secateurs_tensor::WeightMatrix;
///
/// let weight = WeightMatrix::new(vec![2.0, -1.0], [1, 2])?;
/// let mut gradients = GradientStats::new([1, 2]);
/// gradients.observe("layer", &WeightMatrix::new(vec![3.0, 4.0], [1, 2])?)?;
/// let layer = LayerView::of_weight("layer", &weight).with_gradients(&gradients);
/// assert_eq!(Fisher.score(&layer)?.values(), [18.0, 8.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
///
/// LeCun, Denker and Solla, Optimal Brain Damage, NIPS 1989; Theis et al., arXiv 1801.05787, for the Fisher diagonal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fisher;

impl Importance for Fisher {
    fn name(&self) -> &str {
        "fisher"
    }

    fn needs(&self) -> Needs {
        Needs::MODEL_GRADIENTS
    }

    fn score(&self, layer: &LayerView<'_>) -> Result<Scores> {
        let squares = layer.gradient_stats(self.name())?.mean_square();
        let d_input = layer.weight.d_input();
        layer.scores(per_weight(layer.weight, |output, input, value| {
            0.5 * squares[output * d_input + input] * value * value
        }))
    }
}
