//! The seam of scores: a layer with everything that a score may use.

use secateurs_tensor::{Needs, Scores, WeightMatrix};

use crate::error::{ImportanceError, Result};
use crate::gradients::stats::GradientStats;

/// One layer with everything that a score may use.
#[derive(Debug, Clone, Copy)]
pub struct LayerView<'a> {
    /// Path of the weight in its model; a name for messages and random seeds.
    pub path: &'a str,
    /// The weights, `[d_output, d_input]`.
    pub weight: &'a WeightMatrix,
    /// `||X_j||`, the l2 norm of each input over all calibration tokens.
    pub input_norms: Option<&'a [f32]>,
    /// Gradients over calibration samples, of the function that [`Needs::gradients`] says.
    pub gradients: Option<&'a GradientStats>,
}

impl<'a> LayerView<'a> {
    /// A layer with its weights alone.
    pub fn of_weight(path: &'a str, weight: &'a WeightMatrix) -> Self {
        Self {
            path,
            weight,
            input_norms: None,
            gradients: None,
        }
    }

    /// Adds input norms.
    pub fn with_input_norms(self, input_norms: &'a [f32]) -> Self {
        Self {
            input_norms: Some(input_norms),
            ..self
        }
    }

    /// Adds gradients.
    pub fn with_gradients(self, gradients: &'a GradientStats) -> Self {
        Self {
            gradients: Some(gradients),
            ..self
        }
    }

    /// The input norms, checked.
    ///
    /// # Errors
    ///
    /// If there are none, if there is not one per input, or if one is negative, infinite or NaN.
    pub fn norms(&self, importance: &str) -> Result<&'a [f32]> {
        let norms = self.input_norms.ok_or_else(|| ImportanceError::NeedsActivations {
            importance: importance.to_owned(),
            path: self.path.to_owned(),
        })?;
        let expected = self.weight.d_input();
        if norms.len() != expected {
            return Err(ImportanceError::NormCount {
                path: self.path.to_owned(),
                expected,
                got: norms.len(),
            });
        }
        match norms.iter().position(|norm| !(norm.is_finite() && *norm >= 0.0)) {
            Some(input) => Err(ImportanceError::BadNorm {
                path: self.path.to_owned(),
                input,
                value: norms[input],
            }),
            None => Ok(norms),
        }
    }

    /// The gradients, checked.
    ///
    /// # Errors
    ///
    /// If there are none or of no sample, or if their dimensions differ from the weights'.
    pub fn gradient_stats(&self, importance: &str) -> Result<&'a GradientStats> {
        let gradients = self.gradients.filter(|gradients| gradients.n_samples() > 0);
        let gradients = gradients.ok_or_else(|| ImportanceError::NeedsGradients {
            importance: importance.to_owned(),
            path: self.path.to_owned(),
        })?;
        let [expected, got] = [self.weight.dims(), gradients.dims()];
        if got == expected {
            Ok(gradients)
        } else {
            Err(ImportanceError::GradientDims {
                path: self.path.to_owned(),
                expected,
                got,
            })
        }
    }

    /// Wraps the scores of this layer.
    ///
    /// # Errors
    ///
    /// [`ImportanceError::Layer`] if there is not one per weight, or if one is NaN.
    pub fn scores(&self, values: Vec<f32>) -> Result<Scores> {
        Scores::new(values, self.weight.dims()).map_err(|source| ImportanceError::Layer {
            path: self.path.to_owned(),
            source,
        })
    }
}

/// Scores every weight of a layer; higher is more important.
///
/// The one required computation is [`score`](Self::score); walking a module is the work of
/// [`prune_module`](crate::prune_module) and of the drivers in `secateurs-prune`.
pub trait Importance: Send + Sync {
    /// The field's name of this score, in kebab-case.
    fn name(&self) -> &str;

    /// Data that [`score`](Self::score) needs besides the weights.
    fn needs(&self) -> Needs {
        Needs::WEIGHTS
    }

    /// One score per weight.
    ///
    /// # Errors
    ///
    /// If the layer lacks what [`needs`](Self::needs) says, or if a score is NaN.
    fn score(&self, layer: &LayerView<'_>) -> Result<Scores>;
}

impl<I: Importance + ?Sized> Importance for Box<I> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn needs(&self) -> Needs {
        (**self).needs()
    }

    fn score(&self, layer: &LayerView<'_>) -> Result<Scores> {
        (**self).score(layer)
    }
}
