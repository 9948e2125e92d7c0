//! Layers of splines on edges: only the terms that are not zero.

use super::slopes::InputWeights;
use super::terms::{Order, Splines, Terms};
use crate::kernels::real::Real;

/// Largest number of rows that are processed together.
const BLOCK_ROWS: usize = 128;

/// Parameters of a layer: `sum_i (base[i, o] silu(x_i) + sum_m coefficients[i, m, o] B_m(x_i))`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SplineWeights<'a, T> {
    /// `[d_input, n_basis, d_output]`.
    pub(crate) coefficients: &'a [T],
    /// `[d_input, d_output]`.
    pub(crate) base: &'a [T],
    pub(crate) d_output: usize,
}

impl<'a, T: Real> SplineWeights<'a, T> {
    pub(super) fn of_input(&self, input: usize, n_basis: usize) -> InputWeights<'a, T> {
        let d_output = self.d_output;
        InputWeights {
            coefficients: &self.coefficients[input * n_basis * d_output..][..n_basis * d_output],
            base: &self.base[input * d_output..][..d_output],
        }
    }
}

/// Number of rows of each block but the last: blocks are as even as possible.
pub(super) fn block_rows(n_rows: usize) -> usize {
    let n_blocks = n_rows.div_ceil(BLOCK_ROWS).max(1);
    n_rows.div_ceil(n_blocks).max(1)
}

/// Values of all basis functions or their derivatives: `[n_rows, d_input, n_basis]`.
pub(crate) fn basis<T: Real>(splines: Splines<'_, T>, x: &[T], order: Order) -> Vec<T> {
    let (d_input, n_basis, n_terms) = (splines.d_input(), splines.n_basis(), splines.n_terms());
    let mut all = vec![T::ZERO; x.len() * n_basis];
    let block = block_rows(x.len() / d_input) * d_input;
    for (x, all) in x.chunks(block).zip(all.chunks_mut(block * n_basis)) {
        let terms = Terms::of_inputs(splines, x, 0..d_input, order);
        let of_order = match order {
            Order::Value => &terms.values,
            Order::Slope => &terms.slopes,
        };
        for (point, (terms, &first)) in of_order.chunks_exact(n_terms).zip(&terms.first).enumerate() {
            let (input, row) = (point / (x.len() / d_input), point % (x.len() / d_input));
            let at = (row * d_input + input) * n_basis + first as usize;
            all[at..at + n_terms - 1].copy_from_slice(&terms[..n_terms - 1]);
        }
    }
    all
}
