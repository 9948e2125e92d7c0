//! The nearest sparse vector.

use rayon::prelude::*;
use secateurs_tensor::{KeepMask, Pattern, Scope, Scores, TensorError, WeightLayout, select, select_global};

use super::admm::ProjectionMetric;

/// One tensor in the choice of the survivors, in the order in which it is stored.
pub(crate) struct Candidate {
    /// The vector to project.
    pub(crate) values: Vec<f32>,
    /// Adam's second moment, if the metric asks for it.
    pub(crate) second_moment: Option<Vec<f32>>,
    pub(crate) layout: WeightLayout,
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
        Scores::new(self.layout.to_canonical(self.values), self.layout.dims())
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

impl ProjectionMetric {
    pub(crate) fn needs_moment(self) -> bool {
        self == Self::SecondMoment
    }
}
