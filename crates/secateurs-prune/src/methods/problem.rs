//! The seam between the drivers, which walk models, and the methods, which see one layer.

use secateurs_tensor::{Event, KeepMask, Pattern, WeightMatrix};

use crate::algebra::gram::Gram;
use crate::error::PruneError;

/// One layer to be pruned: find `W^` with the zeros of `pattern` and a small `||(W - W^) X||`.
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
    /// How many zeros, and where they may stand.
    pub pattern: Pattern,
}

/// A pruned layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// The new weights; pruned ones are `+0.0`.
    pub weight: WeightMatrix,
    /// What survives.
    pub keep: KeepMask,
    /// What a reader should know of the way.
    pub events: Vec<Event>,
}

impl Solution {
    /// The weights as they are, for a pattern that removes nothing.
    pub(crate) fn unchanged(weight: &WeightMatrix) -> Self {
        Self {
            weight: weight.clone(),
            keep: KeepMask::all(weight.dims()),
            events: Vec::new(),
        }
    }
}

/// What a method must know of a layer's inputs; the cheaper is contained in the dearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Statistics {
    /// Nothing.
    None,
    /// The norm of each input.
    Norms,
    /// The Gram matrix.
    Gram,
}

/// Prunes one layer and makes up for it in the weights that stay.
///
/// Every method prunes exactly [`Pattern::pruned_count`] weights (score-only methods per output where their scope says
/// so), breaks ties by lower index, returns the weights bit for bit where nothing is to go, and gives the same result
/// for the same input.
pub trait Compensate: Send + Sync {
    /// The field's name of the method, in lower case.
    fn name(&self) -> &str;

    /// What [`solve`](Self::solve) must be given.
    fn statistics(&self) -> Statistics;

    /// Number of weights that a pattern removes from a layer of these dimensions under this method's comparison group.
    fn pruned_count(&self, pattern: Pattern, dims: [usize; 2]) -> usize {
        pattern.pruned_count(dims)
    }

    /// Prunes the layer.
    ///
    /// # Errors
    ///
    /// If weights or statistics are missing, not finite or of other dimensions, if N:M groups do not tile the inputs,
    /// or if a setting is out of range.
    fn solve(&self, problem: &LayerProblem<'_>) -> Result<Solution, PruneError>;
}
