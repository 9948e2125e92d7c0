//! Gram matrices divided by the norms of their inputs.

use faer::Mat;
use rayon::prelude::*;

use crate::algebra::square::Square;

/// A Gram matrix with (nearly) unit diagonal and the norms that were divided out.
#[derive(Debug)]
pub(crate) struct Normalized {
    /// Norm of each input up to a common factor, plus 1e-8.
    pub(crate) norms: Vec<f32>,
    /// `G_ij / (norm_i norm_j)`, row-major.
    pub(crate) gram: Vec<f32>,
}

/// Divides `G` by its mean diagonal, damps it by `damping` and divides it by the norms of its inputs.
pub(crate) fn normalize(gram: Square<'_>, damping: f64) -> (Vec<f32>, Mat<f64>) {
    let d_input = gram.d_input;
    let scale = 1.0 / gram.mean_diagonal();
    let norms: Vec<f64> = gram
        .diagonal()
        .map(|value| (value * scale + damping).max(0.0).sqrt() + 1e-8)
        .collect();
    let matrix = Mat::from_fn(d_input, d_input, |i, j| {
        // The matrix is symmetric, and faer goes down columns: [j, i] lies in memory order.
        let value = gram.values[j * d_input + i] * scale;
        let value = if i == j { value + damping } else { value };
        value / (norms[i] * norms[j])
    });
    (norms.into_iter().map(|norm| norm as f32).collect(), matrix)
}

/// A symmetric matrix as row-major f32; its columns are its rows.
pub(crate) fn to_rows(matrix: &Mat<f64>) -> Vec<f32> {
    let columns: Vec<Vec<f32>> = matrix
        .par_col_iter()
        .map(|column| column.iter().map(|value| *value as f32).collect())
        .collect();
    columns.concat()
}
