//! The eigenvalues and eigenvectors that ALPS makes its inverses from.

use faer::linalg::matmul::matmul;
use faer::linalg::solvers::SelfAdjointEigen;
use faer::{Accum, Mat, Par, Side};
use rayon::prelude::*;

use crate::algebra::normalize::{Normalized, normalize, to_rows};
use crate::algebra::singular::Singular;
use crate::algebra::square::Square;

/// ALPS's matrices: `G` damped, then normalised, and its eigenvalues and eigenvectors.
#[derive(Debug)]
pub(crate) struct Spectrum {
    pub(crate) normalized: Normalized,
    values: Vec<f64>,
    vectors: Mat<f32>,
}

impl Spectrum {
    pub(crate) fn of(gram: Square<'_>, damping: f64) -> Result<Self, Singular> {
        let (norms, matrix) = normalize(gram, damping);
        let eigen = SelfAdjointEigen::new(matrix.as_ref(), Side::Lower).map_err(|_| Singular::NoConvergence)?;
        let values: Vec<f64> = eigen.S().column_vector().iter().copied().collect();
        match values.iter().find(|value| !(value.is_finite() && **value > 0.0)) {
            Some(value) => Err(Singular::Eigenvalue { value: *value }),
            None => {
                let vectors = eigen.U();
                let d_input = gram.d_input;
                let vectors = Mat::from_fn(d_input, d_input, |i, j| vectors[(i, j)] as f32);
                Ok(Self {
                    normalized: Normalized {
                        norms,
                        gram: to_rows(&matrix),
                    },
                    values,
                    vectors,
                })
            }
        }
    }
}

/// `(G + rho I)^-1` for one `rho` after the other, in one buffer.
pub(crate) struct ShiftedInverse<'a> {
    spectrum: &'a Spectrum,
    scaled: Mat<f32>,
    inverse: Mat<f32>,
}

impl<'a> ShiftedInverse<'a> {
    pub(crate) fn new(spectrum: &'a Spectrum, rho: f64) -> Self {
        let d_input = spectrum.values.len();
        let zeros = Mat::zeros(d_input, d_input);
        let mut shifted = Self {
            spectrum,
            scaled: zeros.clone(),
            inverse: zeros,
        };
        shifted.shift_to(rho);
        shifted
    }

    /// Computes `Q diag(1 / (L + rho)) Q^T`: one half as a product, the other by mirroring.
    pub(crate) fn shift_to(&mut self, rho: f64) {
        let columns = self.scaled.par_col_iter_mut().zip(self.spectrum.vectors.par_col_iter());
        columns
            .zip(&self.spectrum.values)
            .for_each(|((scaled, vector), value)| {
                let factor = (1.0 / (value + rho)).sqrt() as f32;
                scaled
                    .iter_mut()
                    .zip(vector.iter())
                    .for_each(|(scaled, entry)| *scaled = entry * factor);
            });
        // The lower triangle in panels of columns; see `multiply` on why not with faer's threads.
        const PANEL: usize = 128;
        let (scaled, n) = (&self.scaled, self.scaled.nrows());
        self.inverse
            .par_col_chunks_mut(PANEL)
            .enumerate()
            .for_each(|(panel, columns)| {
                let start = panel * PANEL;
                let width = columns.ncols();
                let below = columns.subrows_mut(start, n - start);
                let left = scaled.as_ref().subrows(start, n - start);
                let right = scaled.as_ref().subrows(start, width).transpose();
                matmul(below, Accum::Replace, left, right, 1.0, Par::Seq);
            });
        mirror(&mut self.inverse);
    }

    /// The inverse for the last `rho`.
    pub(crate) fn get(&self) -> &Mat<f32> {
        &self.inverse
    }
}

/// Copies the lower triangle to the upper, in square tiles that the cache holds.
fn mirror(matrix: &mut Mat<f32>) {
    const TILE: usize = 64;
    let n = matrix.nrows();
    for column_start in (0..n).step_by(TILE) {
        for row_start in (column_start..n).step_by(TILE) {
            for column in column_start..(column_start + TILE).min(n) {
                for row in row_start.max(column + 1)..(row_start + TILE).min(n) {
                    matrix[(column, row)] = matrix[(row, column)];
                }
            }
        }
    }
}
