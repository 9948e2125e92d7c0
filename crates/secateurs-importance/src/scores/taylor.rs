//! Taylor: the change of the loss, to first order.

use secateurs_tensor::{Needs, Scores};

use crate::error::Result;
use crate::layer::{Importance, LayerView};
use crate::scores::per_weight::per_weight;

/// `|W_ij * g_ij|`, the first-order change of the loss when the weight becomes zero.
///
/// # Examples
///
/// ```
/// use secateurs_importance::{GradientStats, Importance, LayerView, Taylor, TaylorGradient};
/// use secateurs_tensor::WeightMatrix;
///
/// let weight = WeightMatrix::new(vec![2.0, -1.0], [1, 2])?;
/// let mut gradients = GradientStats::new([1, 2]);
/// gradients.observe("layer", &WeightMatrix::new(vec![3.0, 4.0], [1, 2])?)?;
/// gradients.observe("layer", &WeightMatrix::new(vec![-1.0, 4.0], [1, 2])?)?;
/// let layer = LayerView::of_weight("layer", &weight).with_gradients(&gradients);
/// assert_eq!(Taylor::default().score(&layer)?.values(), [2.0, 4.0]);
/// let absolute = Taylor { gradient: TaylorGradient::MeanAbsolute };
/// assert_eq!(absolute.score(&layer)?.values(), [4.0, 4.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
///
/// Molchanov et al., Pruning Convolutional Neural Networks for Resource Efficient Inference, arXiv 1611.06440.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taylor {
    /// The mean over samples that stands for `g`.
    pub gradient: TaylorGradient,
}

/// The mean that turns the gradients of many samples into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TaylorGradient {
    /// The gradient of the mean loss; near zero for a trained model on its own data.
    #[default]
    Mean,
    /// The mean of the absolute gradients, which samples cannot cancel.
    MeanAbsolute,
}

impl Importance for Taylor {
    fn name(&self) -> &str {
        "taylor"
    }

    fn needs(&self) -> Needs {
        Needs::MODEL_GRADIENTS
    }

    fn score(&self, layer: &LayerView<'_>) -> Result<Scores> {
        let stats = layer.gradient_stats(self.name())?;
        let gradients = match self.gradient {
            TaylorGradient::Mean => stats.mean(),
            TaylorGradient::MeanAbsolute => stats.mean_absolute(),
        };
        let d_input = layer.weight.d_input();
        layer.scores(per_weight(layer.weight, |output, input, value| {
            (value * gradients[output * d_input + input]).abs()
        }))
    }
}
