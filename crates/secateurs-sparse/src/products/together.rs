//! Several products at once.

use rayon::prelude::*;

use crate::formats::matrix::PackedMatrix;
use crate::kernels::Level;
use crate::products::input::Input;

/// Multiplies several matrices by the same input, `[n_vectors, d_output]` each.
///
/// For one vector, all outputs together are divided among the threads of the current rayon pool by the bytes that they
/// read: small matrices cost no barrier of their own.
///
/// # Panics
///
/// If a matrix has not the width of the input.
pub fn multiply_together(level: Level, matrices: &[&PackedMatrix], input: &Input) -> Vec<Vec<f32>> {
    let mut results: Vec<Vec<f32>> = matrices
        .iter()
        .map(|matrix| vec![0.0; input.n_vectors() * matrix.dims()[0]])
        .collect();
    if input.n_vectors() != 1 {
        for (matrix, y) in matrices.iter().zip(&mut results) {
            matrix.multiply(level, input, y);
        }
        return results;
    }
    matrices
        .iter()
        .for_each(|matrix| assert_eq!(matrix.dims()[1], input.width()));
    let total: usize = matrices.iter().map(|matrix| matrix.n_bytes()).sum();
    let share = total.div_ceil(rayon::current_num_threads()).max(1);
    let mut shares: Vec<Vec<Piece<'_>>> = vec![Vec::new()];
    let mut left = share;
    for (matrix, mut y) in matrices.iter().zip(results.iter_mut().map(Vec::as_mut_slice)) {
        let per_output = matrix.n_bytes().div_ceil(matrix.dims()[0].max(1)).max(1);
        let mut start = 0;
        while !y.is_empty() {
            let n_outputs = left.div_ceil(per_output).min(y.len());
            let (now, later) = y.split_at_mut(n_outputs);
            let piece = Piece { matrix, start, y: now };
            shares.last_mut().expect("starts with one").push(piece);
            left = left.saturating_sub(n_outputs * per_output);
            if left == 0 {
                shares.push(Vec::new());
                left = share;
            }
            start += n_outputs;
            y = later;
        }
    }
    shares.into_par_iter().with_max_len(1).flatten_iter().for_each(|piece| {
        let outputs = piece.start..piece.start + piece.y.len();
        piece.matrix.dot(level, outputs, input.padded(0), piece.y);
    });
    results
}

/// Consecutive outputs of one matrix.
struct Piece<'a> {
    matrix: &'a PackedMatrix,
    start: usize,
    y: &'a mut [f32],
}
