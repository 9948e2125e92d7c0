//! Wanda: a weight matters as much as the signal that it passes on.

use secateurs_tensor::{Needs, Scores};

use crate::error::Result;
use crate::layer::{Importance, LayerView};
use crate::scores::per_weight::per_weight;

/// `|W_ij| * ||X_j||`, the norm over all calibration tokens.
///
/// The paper compares weights within an output ([`Scope::PerOutput`](secateurs_tensor::Scope::PerOutput)).
///
/// # Examples
///
/// ```
/// use secateurs_importance::{Importance, LayerView, Wanda};
/// use secateurs_tensor::WeightMatrix;
///
/// let weight = WeightMatrix::new(vec![1.0, -3.0], [1, 2])?;
/// let layer = LayerView::of_weight("layer", &weight).with_input_norms(&[8.0, 2.0]);
/// assert_eq!(Wanda.score(&layer)?.values(), [8.0, 6.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
///
/// Sun et al., A Simple and Effective Pruning Approach for Large Language Models, arXiv 2306.11695, equation 1.
/// **Deviates:** the reference divides the squared norms by the number of sequences, which changes no comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanda;

impl Importance for Wanda {
    fn name(&self) -> &str {
        "wanda"
    }

    fn needs(&self) -> Needs {
        Needs::INPUT_NORMS
    }

    fn score(&self, layer: &LayerView<'_>) -> Result<Scores> {
        let norms = layer.norms(self.name())?;
        layer.scores(per_weight(layer.weight, |_, input, value| value.abs() * norms[input]))
    }
}
