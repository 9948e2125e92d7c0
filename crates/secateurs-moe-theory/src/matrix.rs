//! Products of matrices and of vectors.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};

/// The rows of `[n, width]`, one after another in memory.
pub(crate) fn rows(values: &[f64], width: usize) -> MatRef<'_, f64> {
    MatRef::from_row_major_slice(values, values.len() / width, width)
}

/// The product `left * right` on this thread: work is split among threads by rows, and sums must not depend on their
/// number.
pub(crate) fn product(left: MatRef<'_, f64>, right: MatRef<'_, f64>) -> Mat<f64> {
    let mut out = Mat::zeros(left.nrows(), right.ncols());
    matmul(&mut out, Accum::Replace, left, right, 1.0, Par::Seq);
    out
}

/// A column of a matrix that lies in memory column by column.
pub(crate) fn column(matrix: &Mat<f64>, j: usize) -> &[f64] {
    matrix
        .col(j)
        .try_as_col_major()
        .expect("columns of a Mat lie in memory one after another")
        .as_slice()
}

/// A column of a matrix that lies in memory column by column, to be written.
pub(crate) fn column_mut(matrix: &mut Mat<f64>, j: usize) -> &mut [f64] {
    let column = matrix.col_mut(j).try_as_col_major_mut();
    column
        .expect("columns of a Mat lie in memory one after another")
        .as_slice_mut()
}

/// The scalar product `a.b`.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The norm `|a|`.
pub(crate) fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

/// The cosine of the angle between two vectors; 0 if one is zero.
pub(crate) fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let norms = norm(a) * norm(b);
    if norms > 0.0 { dot(a, b) / norms } else { 0.0 }
}
