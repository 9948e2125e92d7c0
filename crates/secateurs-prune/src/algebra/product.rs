//! Row-major matrices for faer, and the loops around its products.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

/// A row-major matrix.
pub(crate) fn rows(values: &[f32], [n_rows, n_columns]: [usize; 2]) -> MatRef<'_, f32> {
    MatRef::from_row_major_slice(values, n_rows, n_columns)
}

/// A row-major matrix.
pub(crate) fn rows_mut(values: &mut [f32], [n_rows, n_columns]: [usize; 2]) -> MatMut<'_, f32> {
    MatMut::from_row_major_slice_mut(values, n_rows, n_columns)
}

/// Computes `out = scale * left * right`, or adds it to `out`; `left` has the shape of `out`, `right` is square.
///
/// Outputs are split among the threads here and not by faer, whose threads wait for each other at every step and so
/// crawl where a core is busy with something else.
pub(crate) fn multiply(out: &mut [f32], accumulate: Accum, left: &[f32], right: MatRef<'_, f32>, scale: f32) {
    let d_input = right.ncols();
    if out.is_empty() {
        return;
    }
    let chunk = outputs_per_task(out.len() / d_input) * d_input;
    out.par_chunks_mut(chunk)
        .zip(left.par_chunks(chunk))
        .for_each(|(out, left)| {
            let dims = [left.len() / d_input, d_input];
            matmul(
                rows_mut(out, dims),
                accumulate,
                rows(left, dims),
                right,
                scale,
                Par::Seq,
            );
        });
}

/// Number of outputs of one task: two tasks per thread, so that a thread with less of a core gets less work.
pub(crate) fn outputs_per_task(n_outputs: usize) -> usize {
    n_outputs.div_ceil(2 * rayon::current_num_threads()).next_multiple_of(8)
}

/// `values * square`, both row-major: `[n, d_input] x [d_input, d_input]`.
pub(crate) fn times_square(values: &[f32], square: &[f32], d_input: usize) -> Vec<f32> {
    let mut product = vec![0.0; values.len()];
    multiply(
        &mut product,
        Accum::Replace,
        values,
        rows(square, [d_input, d_input]),
        1.0,
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

/// Position of the first value that is NaN or infinite. Whole chunks are tested without a branch, which vectorises.
pub(crate) fn first_non_finite<T: Copy + Sync + Into<f64>>(values: &[T]) -> Option<usize> {
    const CHUNK: usize = 1 << 12;
    let finite = |value: &T| (*value).into().is_finite();
    let bad = |chunk: &[T]| !chunk.iter().fold(true, |all, value| all & finite(value));
    let start = values.par_chunks(CHUNK).position_first(bad)? * CHUNK;
    values[start..]
        .iter()
        .position(|value| !finite(value))
        .map(|offset| start + offset)
}
