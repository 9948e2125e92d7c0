//! Row-major matrices for faer, and the loops around its products.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// A row-major matrix.
pub(crate) fn rows(values: &[f32], [n_rows, n_columns]: [usize; 2]) -> MatRef<'_, f32> {
    MatRef::from_row_major_slice(values, n_rows, n_columns)
}

/// A row-major matrix.
pub(crate) fn rows_mut(values: &mut [f32], [n_rows, n_columns]: [usize; 2]) -> MatMut<'_, f32> {
    MatMut::from_row_major_slice_mut(values, n_rows, n_columns)
}

/// `values * square`, both row-major: `[n, d_input] x [d_input, d_input]`.
pub(crate) fn times_square(values: &[f32], square: &[f32], d_input: usize) -> Vec<f32> {
    let mut product = vec![0.0; values.len()];
    let dims = [values.len() / d_input, d_input];
    let target = rows_mut(&mut product, dims);
    matmul(
        target,
        Accum::Replace,
        rows(values, dims),
        rows(square, [d_input, d_input]),
        1.0,
        Par::rayon(0),
    );
    product
}

/// `sum_i a_i * b_i` in sixteen partial sums, which vectorises and rounds less than one.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut sums = [0.0_f32; LANES];
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}
