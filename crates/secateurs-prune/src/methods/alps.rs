//! ALPS: alternating directions with a penalty that follows the support, then conjugate gradients on it.

use rayon::prelude::*;
use secateurs_tensor::{Event, KeepMask, Needs, NonNegative, Positive, TensorError, WeightMatrix};

use crate::algebra::conjugate::SupportProblem;
use crate::algebra::product::times_square;
use crate::algebra::spectrum::{ShiftedInverse, Spectrum};
use crate::error::PruneError;
use crate::methods::layer_method::LayerMethod;
use crate::methods::penalty::{Penalty, Verdict};
use crate::methods::prepare::{Prepared, default_damping, fall_back, finish, prepare, with_damping};
use crate::methods::problem::{LayerProblem, Solution};
use crate::methods::selector::Selector;
use crate::methods::splitting::{Splitting, scale_inputs};

/// ADMM with an adaptive penalty, and a least-squares refit of the support it finds.
///
/// The Gram matrix is damped and its inputs are scaled to unit norm. With `R = B0 G`, from `D = P_k(B0)` and `V = 0`,
///
/// ```text
/// B = (R - V + rho D) (G + rho I)^-1;   D = P_k(V / rho + B);   V += rho (B - D)
/// ```
///
/// where `P_k` keeps the largest entries of the layer, or of each N:M group. Every third iteration `rho` grows with the
/// number of changes of the support; where it hardly changes from the start, `rho` was too large and the iteration
/// starts over with a fifth of it. When the support has settled, `P_k(B)` is refined by conjugate gradients.
///
/// # References
///
/// Meng et al., ALPS: Improved Optimization for Highly Sparse One-Shot Pruning for Large Language Models,
/// arXiv 2406.07831, algorithms 1 and 2.
/// **Deviates:** exact counts with ties broken by index; zeros of the dense layer are pruned first; the refit always
/// takes `refit_steps` steps (the reference's stopping test looks at the whole residual, which pruning keeps large);
/// `rho` does not fall below 1e-9.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alps {
    /// First penalty.
    pub rho: Positive,
    /// Damping: added to the diagonal of the Gram matrix, in units of its mean.
    pub damping: NonNegative,
    /// The most iterations of ADMM.
    pub max_iterations: usize,
    /// Steps of conjugate gradients on the final support.
    pub refit_steps: usize,
}

impl Default for Alps {
    fn default() -> Self {
        Self {
            rho: Positive::new(0.1).expect("a tenth is in range"),
            damping: default_damping(0.01),
            max_iterations: 300,
            refit_steps: 10,
        }
    }
}

const NAME: &str = "alps";

/// Iterations between two looks at the support.
const CHECK_EVERY: usize = 3;

impl LayerMethod for Alps {
    fn name(&self) -> &str {
        NAME
    }

    fn needs(&self) -> Needs {
        Needs::GRAM
    }

    fn solve(&self, problem: &LayerProblem<'_>) -> Result<Solution, PruneError> {
        let _span = tracing::debug_span!("alps", path = problem.path).entered();
        self.check()?;
        let mut ready = match prepare(problem, NAME)? {
            Prepared::Done(solution) => return Ok(solution),
            Prepared::Ready(ready) => ready,
        };
        let spectrum = match with_damping(self.damping, &mut ready.events, |damping| ready.gram.spectrum(damping)) {
            Ok(spectrum) => spectrum,
            Err(singular) => return fall_back(problem, NAME, singular.to_string(), ready.events),
        };
        let selector = Selector::new(&ready.weight, problem.pattern);
        let (weight, keep, event) = self
            .iterate(ready.weight, &spectrum, selector)
            .map_err(PruneError::at(problem.path))?;
        ready.events.push(event);
        finish(problem, weight, keep, ready.events)
    }
}

impl Alps {
    /// Refuses settings out of range, as [`solve`](LayerMethod::solve) does.
    ///
    /// # Errors
    ///
    /// [`PruneError::BadSetting`].
    pub fn check(&self) -> Result<(), PruneError> {
        if self.max_iterations > 0 {
            return Ok(());
        }
        Err(PruneError::BadSetting {
            method: NAME,
            setting: "max_iterations",
            expected: "at least 1",
            value: 0.0,
        })
    }

    fn iterate(
        &self,
        weight: WeightMatrix,
        spectrum: &Spectrum,
        mut selector: Selector,
    ) -> Result<(WeightMatrix, KeepMask, Event), TensorError> {
        let dims = weight.dims();
        let d_input = dims[1];
        let mut dense = weight.into_values();
        scale_inputs(&mut dense, &spectrum.normalized.norms, |weight, norm| weight * norm);
        let target = times_square(&dense, &spectrum.normalized.gram, d_input);
        let (mut values, event) = self.search(&dense, &target, spectrum, &mut selector)?;
        let mut keep = vec![true; values.len()];
        selector.select(&values, &mut keep)?;
        clear_pruned(&mut values, &keep);
        SupportProblem {
            gram: &spectrum.normalized.gram,
            target: &target,
            keep: &keep,
            d_input,
        }
        .refine(&mut values, self.refit_steps);
        scale_inputs(&mut values, &spectrum.normalized.norms, |value, norm| value / norm);
        Ok((WeightMatrix::new(values, dims)?, KeepMask::new(keep, dims)?, event))
    }

    /// The weights `B` of the last step.
    fn search(
        &self,
        dense: &[f32],
        target: &[f32],
        spectrum: &Spectrum,
        selector: &mut Selector,
    ) -> Result<(Vec<f32>, Event), TensorError> {
        let n_kept = (dense.len() - selector.n_pruned()) as f64;
        let mut splitting = Splitting::new(target, dense.to_vec());
        splitting.project(selector)?;
        let first_support = splitting.keep.clone();
        let mut last_support = first_support.clone();
        let mut penalty = Penalty::new(self.rho.get());
        let mut inverse = ShiftedInverse::new(spectrum, penalty.rho());
        restart(&mut splitting, dense, &first_support, penalty.rho());
        let mut growth = 1.0;
        for iteration in 1..=self.max_iterations {
            splitting.advance(inverse.get().as_ref(), penalty.rho(), growth);
            splitting.project(selector)?;
            growth = 1.0;
            if iteration % CHECK_EVERY != 0 {
                continue;
            }
            let n_changes = count_changes(&splitting.keep, &last_support);
            last_support.copy_from_slice(&splitting.keep);
            let rho_before = penalty.rho();
            match penalty.follow(n_changes, n_changes as f64 / n_kept, iteration) {
                Verdict::Stop => {
                    let event = Event::Converged { iterations: iteration };
                    return Ok((splitting.estimate(inverse.get().as_ref()), event));
                }
                _ if iteration == self.max_iterations => break,
                Verdict::Continue => growth = penalty.rho() / rho_before,
                Verdict::Restart => restart(&mut splitting, dense, &first_support, penalty.rho()),
            }
            inverse.shift_to(penalty.rho());
        }
        let event = Event::NotConverged {
            iterations: self.max_iterations,
        };
        Ok((splitting.estimate(inverse.get().as_ref()), event))
    }
}

/// Starts from the support of the dense weights: `D = P_k(B0)`, `V = 0`.
fn restart(splitting: &mut Splitting<'_>, dense: &[f32], support: &[bool], rho: f64) {
    splitting.keep.copy_from_slice(support);
    splitting
        .state
        .par_iter_mut()
        .zip(dense)
        .zip(support)
        .for_each(|((state, dense), keep)| {
            *state = if *keep { rho as f32 * dense } else { 0.0 };
        });
}

fn clear_pruned(values: &mut [f32], keep: &[bool]) {
    values
        .par_iter_mut()
        .zip(keep)
        .filter(|(_, keep)| !**keep)
        .for_each(|(value, _)| *value = 0.0);
}

/// Number of entries that entered or left the support.
fn count_changes(now: &[bool], before: &[bool]) -> usize {
    now.par_chunks(1 << 14)
        .zip(before.par_chunks(1 << 14))
        .map(|(now, before)| now.iter().zip(before).filter(|(now, before)| now != before).count())
        .sum()
}
