//! Magnitude: sizes of parameters as scores of nodes.

use secateurs_importance::UnitImportance;
use secateurs_tensor::UnitScores;

use crate::scores::observed::{ObservedLayer, layer_scores};

/// The sum of the absolute parameters of the splines on the edges that begin at a node: the control for scores that see
/// data.
///
/// # Examples
///
/// ```
/// use burn::tensor::Device;
/// use secateurs_importance::UnitImportance;
/// use secateurs_kan::{BasisConfig, KanConfig, NodeMagnitude, ObservedLayer};
///
/// let splines = BasisConfig::BSpline { degree: 3, n_intervals: 3 };
/// let kan = KanConfig::new([2, 4, 1], splines)?.init(0, &Device::default());
/// let x = kan.tensor(&[0.1, 0.2, 0.3, 0.4], 2)?;
/// assert_eq!(NodeMagnitude.score(&ObservedLayer { kan, layer: 1, x })?.len(), 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NodeMagnitude;

impl UnitImportance for NodeMagnitude {
    type Evidence = ObservedLayer;

    fn name(&self) -> &str {
        "magnitude"
    }

    fn score(&self, observed: &ObservedLayer) -> secateurs_importance::Result<UnitScores> {
        let failed = |error| observed.failed(self.name(), error);
        observed.check().map_err(failed)?;
        let weights = observed.kan.layers[observed.layer].weights();
        let [d_input, n_basis, n_subnodes] = weights.coefficients.dims();
        let coefficients = weights.coefficients.abs().reshape([d_input, n_basis * n_subnodes]);
        let sums = coefficients.sum_dim(1) + weights.base.abs().sum_dim(1);
        let values = sums.into_data().iter().collect();
        layer_scores(observed.layer, values, |node| node).map_err(failed)
    }
}
