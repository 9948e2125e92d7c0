//! The nearest sparse vector.

use rayon::prelude::*;
use secateurs_tensor::{KeepMask, Pattern, Scope, Scores, TensorError, select, select_global, transpose};

use super::admm::ProjectionMetric;

/// What decides which weights of one tensor survive, all in burn's layout `[d_input, d_output]`.
pub(crate) struct Candidate {
    /// The vector to project.
    pub(crate) values: Vec<f32>,
    /// Adam's second moment, if the metric asks for it.
    pub(crate) second_moment: Option<Vec<f32>>,
    /// `[d_output, d_input]`
    pub(crate) dims: [usize; 2],
}

/// Added to a second moment, the square of Adam's epsilon.
const FLOOR: f32 = 1e-16;

impl Candidate {
    fn scores(mut self) -> Result<Scores, TensorError> {
        match self.second_moment {
            None => self.values.par_iter_mut().for_each(|value| *value = value.abs()),
            Some(moment) => {
                let pairs = self.values.par_iter_mut().zip(moment);
                pairs.for_each(|(value, moment)| *value = (moment + FLOOR).sqrt() * value.abs());
            }
        }
        let [d_output, d_input] = self.dims;
        Scores::new(transpose(&self.values, [d_input, d_output]), self.dims)
    }
}

/// The supports of the nearest vectors that follow `pattern`, in the order of `candidates`.
///
/// `Identity` compares `|w|`, `SecondMoment` `sqrt(v + eps^2) |w|`: roots of the squares, which have the same order.
pub(crate) fn supports(
    candidates: impl Iterator<Item = Candidate>,
    pattern: Pattern,
    scope: Scope,
) -> Result<Vec<KeepMask>, TensorError> {
    match (pattern, scope) {
        (Pattern::Unstructured(sparsity), Scope::Global) => {
            let scores = candidates.map(Candidate::scores).collect::<Result<Vec<_>, _>>()?;
            select_global(&scores, sparsity)
        }
        _ => candidates
            .map(|candidate| select(&candidate.scores()?, pattern, scope))
            .collect(),
    }
}

/// A mask in burn's layout `[d_input, d_output]`.
pub(crate) fn to_burn(mask: &KeepMask) -> Vec<bool> {
    transpose(mask.as_slice(), mask.dims())
}

impl ProjectionMetric {
    pub(crate) fn needs_moment(self) -> bool {
        self == Self::SecondMoment
    }
}
