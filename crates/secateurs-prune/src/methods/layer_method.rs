//! The seam between the drivers, which walk models, and the methods, which see one layer.

use secateurs_tensor::{Needs, Pattern};

use crate::error::PruneError;
use crate::methods::problem::{LayerProblem, Solution};

/// Prunes one layer: chooses the weights to remove, and adapts the others to make up for them.
///
/// [`MaskOnly`](crate::MaskOnly) only chooses; SparseGPT, L-ADMM and ALPS do both.
///
/// Every method prunes exactly [`Pattern::pruned_count`] weights (score-only methods per output where their scope says
/// so), breaks ties by lower index, returns the weights bit for bit where nothing is to go, and gives the same result
/// for the same input.
pub trait LayerMethod: Send + Sync {
    /// The field's name of the method, in lower case.
    fn name(&self) -> &str;

    /// Data that [`solve`](Self::solve) needs besides the weights.
    fn needs(&self) -> Needs;

    /// Number of weights that a pattern removes from a layer of these dimensions under this method's comparison group.
    fn pruned_count(&self, pattern: Pattern, dims: [usize; 2]) -> usize {
        pattern.pruned_count(dims)
    }

    /// Prunes the layer.
    ///
    /// # Errors
    ///
    /// If weights, statistics or gradients are missing, not finite or of other dimensions, if N:M groups do not tile the
    /// inputs, or if a setting is out of range.
    fn solve(&self, problem: &LayerProblem<'_>) -> Result<Solution, PruneError>;
}
