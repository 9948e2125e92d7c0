//! The factor that SparseGPT sweeps with: computed in f64, stored in f32 for the products of the iterations.

use faer::linalg::triangular_inverse::invert_lower_triangular;
use faer::{Mat, Par};
use rayon::prelude::*;

use crate::algebra::singular::{Singular, cholesky};
use crate::algebra::square::Square;

/// The upper Cholesky factor `U` of the inverse, `H^-1 = U^T U`, of the damped matrix `H`.
#[derive(Debug)]
pub(crate) struct SweepFactor {
    /// `U`, row-major.
    pub(crate) upper: Vec<f32>,
    /// `1 / U_jj`.
    pub(crate) inverse_diagonal: Vec<f32>,
}

impl SweepFactor {
    /// `H = G / m + damping * I` with `m` the mean diagonal of `G` over live inputs; dead inputs have 1 on the diagonal.
    pub(crate) fn of(gram: Square<'_>, damping: f64) -> Result<Self, Singular> {
        let d_input = gram.d_input;
        let n_live = gram.diagonal().filter(|value| *value != 0.0).count().max(1);
        let scale = n_live as f64 / gram.diagonal().sum::<f64>();
        // H (symmetric, so read along its rows) reversed in both directions: its lower factor L, reversed back, is an upper M with H = M M^T, hence
        // H^-1 = M^-T M^-1 and U = M^-1. One factorisation and one triangular inverse instead of two and a full one.
        let last = d_input.wrapping_sub(1);
        let reversed = Mat::from_fn(d_input, d_input, |i, j| {
            let value = gram.values[(last - j) * d_input + (last - i)] * scale;
            let value = if i == j && value == 0.0 { 1.0 } else { value };
            if i == j { value + damping } else { value }
        });
        let lower = cholesky(&reversed).map_err(|singular| match singular {
            Singular::Pivot { index } => Singular::Pivot { index: last - index },
            other => other,
        })?;
        let mut inverse = Mat::<f64>::zeros(d_input, d_input);
        invert_lower_triangular(inverse.as_mut(), lower.L(), Par::rayon(0));
        let upper = reversed_rows(&inverse);
        let inverse_diagonal = (0..d_input)
            .map(|i| (1.0 / inverse[(last - i, last - i)]) as f32)
            .collect();
        Ok(Self {
            upper,
            inverse_diagonal,
        })
    }
}

/// A lower triangular matrix reversed in both directions, hence upper, as row-major f32.
fn reversed_rows(lower: &Mat<f64>) -> Vec<f32> {
    const TILE: usize = 32;
    let n = lower.nrows();
    let mut upper = vec![0.0; n * n];
    upper
        .par_chunks_mut((TILE * n).max(1))
        .enumerate()
        .for_each(|(tile, rows)| {
            let start = tile * TILE;
            for column in start..n {
                for (offset, row) in rows.chunks_exact_mut(n).enumerate().take(column + 1 - start) {
                    row[column] = lower[(n - 1 - start - offset, n - 1 - column)] as f32;
                }
            }
        });
    upper
}
