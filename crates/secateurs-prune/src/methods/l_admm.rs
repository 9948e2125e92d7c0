//! L-ADMM: layer-wise least squares under a mask, by alternating directions.

use secateurs_tensor::{KeepMask, Needs, NonNegative, TensorError, WeightMatrix};
use serde::{Deserialize, Serialize};

use crate::algebra::product::{rows, times_square};
use crate::algebra::ridge::RidgeInverse;
use crate::error::PruneError;
use crate::methods::layer_method::LayerMethod;
use crate::methods::prepare::{Prepared, default_damping, fall_back, finish, prepare, with_damping};
use crate::methods::problem::{LayerProblem, Solution};
use crate::methods::selector::Selector;
use crate::methods::splitting::{Splitting, scale_inputs};

/// Alternating direction method of multipliers on the layer's least-squares problem.
///
/// Inputs are scaled to unit norm, so that magnitudes are Wanda scores; the Gram matrix is damped; with penalty 1,
/// `iterations` times
///
/// ```text
/// Z = (W + U) * mask;   U += W - Z;   W = (Y + Z - U) (G + I)^-1,   Y = W0 G
/// ```
///
/// and in the first `mask_iterations` of them the mask keeps the largest `|W + U|` of the layer. Its sparsity grows as
/// `schedule` says. The result is `(W + U) * mask`, scaled back.
///
/// # References
///
/// Boža, Fast and Effective Weight Update for Pruned Large Language Models, arXiv 2401.02938, algorithm 2.
/// **Deviates:** exact counts; any N:M pattern (there the mask on the way protects what the pattern would keep, as the
/// reference does for 2:4); the reference's whole-tensor branch uses the final sparsity from the first iteration
/// ([`AdmmSchedule::Constant`]), the paper the cubic schedule, which is the default here; zeros of the dense layer are
/// pruned first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LAdmm {
    /// Damping: added to the diagonal of the normalised Gram matrix, in units of its mean.
    pub damping: NonNegative,
    /// Number of updates of the weights.
    pub iterations: usize,
    /// Number of first iterations that update the mask; at least one.
    pub mask_iterations: usize,
    /// Growth of the mask's sparsity.
    pub schedule: AdmmSchedule,
}

/// Growth of the sparsity of L-ADMM's mask over its updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdmmSchedule {
    /// `s - s (1 - t / n)^3` at update `t` of `n`, as in the paper.
    #[default]
    Gradual,
    /// The full sparsity `s` from the first update, as in the reference code for whole tensors.
    Constant,
}

impl Default for LAdmm {
    fn default() -> Self {
        Self {
            damping: default_damping(0.1),
            iterations: 20,
            mask_iterations: 15,
            schedule: AdmmSchedule::Gradual,
        }
    }
}

const NAME: &str = "l-admm";

impl LayerMethod for LAdmm {
    fn name(&self) -> &str {
        NAME
    }

    fn needs(&self) -> Needs {
        Needs::GRAM
    }

    fn solve(&self, problem: &LayerProblem<'_>) -> Result<Solution, PruneError> {
        let _span = tracing::debug_span!("l_admm", path = problem.path).entered();
        self.check()?;
        let mut ready = match prepare(problem, NAME)? {
            Prepared::Done(solution) => return Ok(solution),
            Prepared::Ready(ready) => ready,
        };
        let factor = match with_damping(self.damping, &mut ready.events, |damping| ready.gram.ridge(damping)) {
            Ok(factor) => factor,
            Err(singular) => return fall_back(problem, NAME, singular.to_string(), ready.events),
        };
        let selector = Selector::new(&ready.weight, problem.pattern);
        let (weight, keep) = self
            .iterate(ready.weight, &factor, selector)
            .map_err(PruneError::at(problem.path))?;
        finish(problem, weight, keep, ready.events)
    }
}

impl LAdmm {
    /// Refuses settings out of range, as [`solve`](LayerMethod::solve) does.
    ///
    /// # Errors
    ///
    /// [`PruneError::BadSetting`].
    pub fn check(&self) -> Result<(), PruneError> {
        let refuse = |setting, expected, value: usize| {
            Err(PruneError::BadSetting {
                method: NAME,
                setting,
                expected,
                value: value as f64,
            })
        };
        if self.mask_iterations == 0 {
            return refuse("mask_iterations", "at least 1", 0);
        }
        if self.iterations < self.mask_iterations {
            return refuse("iterations", "at least mask_iterations", self.iterations);
        }
        Ok(())
    }

    fn iterate(
        &self,
        weight: WeightMatrix,
        factor: &RidgeInverse,
        mut selector: Selector,
    ) -> Result<(WeightMatrix, KeepMask), TensorError> {
        let dims = weight.dims();
        let d_input = dims[1];
        let mut start = weight.into_values();
        scale_inputs(&mut start, &factor.normalized.norms, |weight, norm| weight * norm);
        let target = times_square(&start, &factor.normalized.gram, d_input);
        let inverse = rows(&factor.inverse, [d_input, d_input]);
        // With penalty 1 the state T is W + U.
        let mut splitting = Splitting::new(&target, start);
        for iteration in 0..self.iterations {
            if iteration < self.mask_iterations {
                self.update_mask(iteration, &mut splitting, &mut selector)?;
            }
            splitting.advance(inverse, 1.0, 1.0);
        }
        let mut values = splitting.state;
        scale_inputs(&mut values, &factor.normalized.norms, |value, norm| value / norm);
        Ok((WeightMatrix::new(values, dims)?, KeepMask::new(splitting.keep, dims)?))
    }

    fn update_mask(
        &self,
        iteration: usize,
        splitting: &mut Splitting<'_>,
        selector: &mut Selector,
    ) -> Result<(), TensorError> {
        let is_last = iteration + 1 == self.mask_iterations;
        if is_last || self.schedule == AdmmSchedule::Constant {
            return splitting.project(selector);
        }
        let left = 1.0 - (iteration + 1) as f64 / self.mask_iterations as f64;
        let n_pruned = (selector.n_pruned() as f64 * (1.0 - left.powi(3))) as usize;
        selector.select_partly(&splitting.state, n_pruned, &mut splitting.keep)
    }
}
