//! Magnitude: large weights matter.

use secateurs_tensor::Scores;

use crate::error::Result;
use crate::layer::{Importance, LayerView};
use crate::scores::per_weight::per_weight;

/// The absolute value of a weight, `|W_ij|`.
///
/// # Examples
///
/// ```
/// use secateurs_importance::{Importance, LayerView, Magnitude};
/// use secateurs_tensor::WeightMatrix;
///
/// let weight = WeightMatrix::new(vec![1.0, -3.0, 2.0, 0.5], [2, 2])?;
/// let scores = Magnitude.score(&LayerView::of_weight("layer", &weight))?;
/// assert_eq!(scores.values(), [1.0, 3.0, 2.0, 0.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
///
/// Han et al., Learning both Weights and Connections, arXiv 1506.02626.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Magnitude;

impl Importance for Magnitude {
    fn name(&self) -> &str {
        "magnitude"
    }

    fn score(&self, layer: &LayerView<'_>) -> Result<Scores> {
        layer.scores(per_weight(layer.weight, |_, _, value| value.abs()))
    }
}
