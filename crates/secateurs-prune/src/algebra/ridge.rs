//! The inverse that L-ADMM multiplies with.

use faer::Mat;
use faer::linalg::solvers::DenseSolveCore;

use crate::algebra::normalize::{Normalized, normalize, to_rows};
use crate::algebra::singular::{Singular, cholesky};
use crate::algebra::square::Square;

/// L-ADMM's matrices: `G` normalised, then damped, and the inverse of `G + I`.
#[derive(Debug)]
pub(crate) struct RidgeInverse {
    pub(crate) normalized: Normalized,
    /// `(G + I)^-1`, row-major.
    pub(crate) inverse: Vec<f32>,
}

impl RidgeInverse {
    pub(crate) fn of(gram: Square<'_>, damping: f64) -> Result<Self, Singular> {
        let (norms, mut matrix) = normalize(gram, 0.0);
        let d_input = gram.d_input;
        let mean = (0..d_input).map(|i| matrix[(i, i)]).sum::<f64>() / d_input as f64;
        add_diagonal(&mut matrix, damping * mean);
        let normalized = Normalized {
            norms,
            gram: to_rows(&matrix),
        };
        add_diagonal(&mut matrix, 1.0);
        let inverse = cholesky(&matrix)?.inverse();
        Ok(Self {
            normalized,
            inverse: to_rows(&inverse),
        })
    }
}

fn add_diagonal(matrix: &mut Mat<f64>, value: f64) {
    for i in 0..matrix.nrows() {
        matrix[(i, i)] += value;
    }
}
