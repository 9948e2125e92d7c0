//! One layer to be pruned, and its solution.

use secateurs_importance::GradientStats;
use secateurs_tensor::{Event, KeepMask, Pattern, WeightMatrix};

use crate::algebra::gram::Gram;

/// One layer to be pruned. Find `W^` with the zeros of `pattern` and a small `||(W - W^) X||`.
#[derive(Debug, Clone, Copy)]
pub struct LayerProblem<'a> {
    /// Path of the weight in its model.
    pub path: &'a str,
    /// The dense weights, `[d_output, d_input]`.
    pub weight: &'a WeightMatrix,
    /// `X^T X` of the layer's inputs, shared by all layers that read them.
    pub gram: Option<&'a Gram>,
    /// `||X_j||` of the layer's inputs; taken from the Gram matrix where absent.
    pub input_norms: Option<&'a [f32]>,
    /// Gradients of the weights over calibration samples, of the function that the method's needs say.
    pub gradients: Option<&'a GradientStats>,
    /// Number of zeros, and the places where they may stand.
    pub pattern: Pattern,
}

impl<'a> LayerProblem<'a> {
    /// A layer with its weights alone.
    pub fn new(path: &'a str, weight: &'a WeightMatrix, pattern: Pattern) -> Self {
        Self {
            path,
            weight,
            gram: None,
            input_norms: None,
            gradients: None,
            pattern,
        }
    }

    /// Adds the Gram matrix of the inputs.
    pub fn with_gram(self, gram: &'a Gram) -> Self {
        Self {
            gram: Some(gram),
            ..self
        }
    }

    /// Adds the norms of the inputs.
    pub fn with_input_norms(self, input_norms: &'a [f32]) -> Self {
        Self {
            input_norms: Some(input_norms),
            ..self
        }
    }

    /// Adds gradients of the weights.
    pub fn with_gradients(self, gradients: &'a GradientStats) -> Self {
        Self {
            gradients: Some(gradients),
            ..self
        }
    }
}

/// A pruned layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// The new weights; pruned ones are `+0.0`.
    pub weight: WeightMatrix,
    /// Mask of the weights that survive.
    pub keep: KeepMask,
    /// Notable events of the solver.
    pub events: Vec<Event>,
}

impl Solution {
    /// The unchanged weights, for a pattern that removes nothing.
    pub(crate) fn unchanged(weight: &WeightMatrix) -> Self {
        Self {
            weight: weight.clone(),
            keep: KeepMask::all(weight.dims()),
            events: Vec::new(),
        }
    }
}
