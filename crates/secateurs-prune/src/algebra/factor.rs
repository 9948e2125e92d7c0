//! Factorisations of a Gram matrix: computed in f64, kept in f32 for the products of the iterations.

use std::fmt;

use faer::linalg::matmul::matmul;
use faer::linalg::solvers::{DenseSolveCore, Llt, SelfAdjointEigen};
use faer::linalg::triangular_inverse::invert_lower_triangular;
use faer::{Accum, Mat, Par, Side};
use rayon::prelude::*;

use crate::algebra::gram::Gram;

/// Why a Gram matrix could not be factorised.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Singular {
    /// A pivot of the Cholesky factorisation is not positive.
    Pivot { index: usize },
    /// An eigenvalue is not positive.
    Eigenvalue { value: f64 },
    /// The eigenvalue iteration does not converge.
    NoConvergence,
}

impl fmt::Display for Singular {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pivot { index } => write!(f, "the Gram matrix is not positive definite at input {index}"),
            Self::Eigenvalue { value } => write!(f, "the Gram matrix has the eigenvalue {value:e}"),
            Self::NoConvergence => f.write_str("the eigenvalues of the Gram matrix do not converge"),
        }
    }
}

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
    pub(crate) fn of(gram: &Gram, damping: f64) -> Result<Self, Singular> {
        let d_input = gram.d_input();
        let n_live = gram.diagonal().filter(|value| *value != 0.0).count().max(1);
        let scale = n_live as f64 / gram.diagonal().sum::<f64>();
        // H (symmetric, so read along its rows) reversed in both directions: its lower factor L, reversed back, is an upper M with H = M M^T, hence
        // H^-1 = M^-T M^-1 and U = M^-1. One factorisation and one triangular inverse instead of two and a full one.
        let last = d_input.wrapping_sub(1);
        let reversed = Mat::from_fn(d_input, d_input, |i, j| {
            let value = gram.values()[(last - j) * d_input + (last - i)] * scale;
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

/// A Gram matrix with (nearly) unit diagonal and the norms that were divided out.
#[derive(Debug)]
pub(crate) struct Normalized {
    /// Norm of each input up to a common factor, plus 1e-8.
    pub(crate) norms: Vec<f32>,
    /// `G_ij / (norm_i norm_j)`, row-major.
    pub(crate) gram: Vec<f32>,
}

/// L-ADMM's matrices: `G` normalised, then damped, and the inverse of `G + I`.
#[derive(Debug)]
pub(crate) struct RidgeInverse {
    pub(crate) normalized: Normalized,
    /// `(G + I)^-1`, row-major.
    pub(crate) inverse: Vec<f32>,
}

impl RidgeInverse {
    pub(crate) fn of(gram: &Gram, damping: f64) -> Result<Self, Singular> {
        let (norms, mut matrix) = normalize(gram, 0.0);
        let d_input = gram.d_input();
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

/// ALPS's matrices: `G` damped, then normalised, and its eigenvalues and eigenvectors.
#[derive(Debug)]
pub(crate) struct Spectrum {
    pub(crate) normalized: Normalized,
    values: Vec<f64>,
    vectors: Mat<f32>,
}

impl Spectrum {
    pub(crate) fn of(gram: &Gram, damping: f64) -> Result<Self, Singular> {
        let (norms, matrix) = normalize(gram, damping);
        let eigen = SelfAdjointEigen::new(matrix.as_ref(), Side::Lower).map_err(|_| Singular::NoConvergence)?;
        let values: Vec<f64> = eigen.S().column_vector().iter().copied().collect();
        match values.iter().find(|value| !(value.is_finite() && **value > 0.0)) {
            Some(value) => Err(Singular::Eigenvalue { value: *value }),
            None => {
                let vectors = eigen.U();
                let d_input = gram.d_input();
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

    /// `Q diag(1 / (L + rho)) Q^T`: half of it as a product with itself, the other half mirrored.
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

/// `G` over its mean diagonal, damped by `damping`, divided by the norms of its inputs.
fn normalize(gram: &Gram, damping: f64) -> (Vec<f32>, Mat<f64>) {
    let d_input = gram.d_input();
    let scale = 1.0 / gram.mean_diagonal();
    let norms: Vec<f64> = gram
        .diagonal()
        .map(|value| (value * scale + damping).max(0.0).sqrt() + 1e-8)
        .collect();
    let matrix = Mat::from_fn(d_input, d_input, |i, j| {
        // The matrix is symmetric, and faer goes down columns: [j, i] lies in memory order.
        let value = gram.values()[j * d_input + i] * scale;
        let value = if i == j { value + damping } else { value };
        value / (norms[i] * norms[j])
    });
    (norms.into_iter().map(|norm| norm as f32).collect(), matrix)
}

fn cholesky(matrix: &Mat<f64>) -> Result<Llt<f64>, Singular> {
    Llt::new(matrix.as_ref(), Side::Lower).map_err(|error| match error {
        faer::linalg::cholesky::llt::factor::LltError::NonPositivePivot { index } => Singular::Pivot { index },
    })
}

fn add_diagonal(matrix: &mut Mat<f64>, value: f64) {
    for i in 0..matrix.nrows() {
        matrix[(i, i)] += value;
    }
}

/// A symmetric matrix as row-major f32; its columns are its rows.
fn to_rows(matrix: &Mat<f64>) -> Vec<f32> {
    let columns: Vec<Vec<f32>> = matrix
        .par_col_iter()
        .map(|column| column.iter().map(|value| *value as f32).collect())
        .collect();
    columns.concat()
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
