//! The alternating step that L-ADMM and ALPS share.

use faer::{Accum, MatRef};
use rayon::prelude::*;
use secateurs_tensor::TensorError;

use crate::algebra::product::multiply;
use crate::methods::selector::Selector;

/// Elements that one task takes.
const CHUNK: usize = 1 << 14;

/// State of `min ||B - B0||_G  s.t.  B = D, D sparse`, split with the dual variable `V`.
///
/// One iteration is
///
/// ```text
/// B = (R - V + rho D) (G + rho I)^-1;   D = P_k((V + rho B) / rho);   V += rho (B - D)
/// ```
///
/// With `T = V + rho B` the last two say: on the support `D = T / rho` and `V = 0`, off it `D = 0` and `V = T`. So `T`
/// and the support are the whole state, and `R - V + rho D` is `R + T` on the support and `R - T` off it. `T` is
/// updated in place by one product; everything else is one pass over memory.
pub(crate) struct Splitting<'a> {
    /// `R = B0 G`.
    target: &'a [f32],
    /// The sum `T = V + rho B`.
    pub(crate) state: Vec<f32>,
    /// The support of `D`.
    pub(crate) keep: Vec<bool>,
    /// `R - V + rho D`.
    pull: Vec<f32>,
}

impl<'a> Splitting<'a> {
    /// Starts at `state`, with nothing pruned.
    pub(crate) fn new(target: &'a [f32], state: Vec<f32>) -> Self {
        let keep = vec![true; state.len()];
        let pull = vec![0.0; state.len()];
        Self {
            target,
            state,
            keep,
            pull,
        }
    }

    /// Chooses the support: `D = P_k(T / rho)`.
    pub(crate) fn project(&mut self, selector: &mut Selector) -> Result<(), TensorError> {
        selector.select(&self.state, &mut self.keep)
    }

    /// Computes `B` and then `T`, for a given `(G + rho I)^-1`. `growth` is the ratio of `rho` to the last step's: `D`
    /// does not change, so its part of `T` grows with `rho`.
    pub(crate) fn advance(&mut self, inverse: MatRef<'_, f32>, rho: f64, growth: f64) {
        let growth = growth as f32;
        let parts = self.pull.par_chunks_mut(CHUNK).zip(self.state.par_chunks_mut(CHUNK));
        parts
            .zip(self.target.par_chunks(CHUNK))
            .zip(self.keep.par_chunks(CHUNK))
            .for_each(|(((pull, state), target), keep)| {
                for (((pull, state), target), keep) in pull.iter_mut().zip(state).zip(target).zip(keep) {
                    let kept = if *keep { *state } else { 0.0 };
                    let dual = *state - kept;
                    *pull = target + (growth * kept - dual);
                    *state = dual;
                }
            });
        multiply(&mut self.state, Accum::Add, &self.pull, inverse, rho as f32);
    }

    /// The weights `B` of the last step, from the same inverse.
    pub(crate) fn estimate(&self, inverse: MatRef<'_, f32>) -> Vec<f32> {
        let mut estimate = vec![0.0; self.state.len()];
        multiply(&mut estimate, Accum::Replace, &self.pull, inverse, 1.0);
        estimate
    }
}

/// Multiplies every weight by the factor of its input.
pub(crate) fn scale_inputs(values: &mut [f32], factors: &[f32], apply: impl Fn(f32, f32) -> f32 + Sync) {
    values.par_chunks_exact_mut(factors.len()).for_each(|output| {
        output
            .iter_mut()
            .zip(factors)
            .for_each(|(value, factor)| *value = apply(*value, *factor));
    });
}
