//! Coefficients of splines by least squares, on the host.

use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

use crate::layers::grid::Grid;

/// Term added to the diagonal of the normal equations, relative to its mean.
const RIDGE: f64 = 1e-8;
/// Weight of second differences of neighbouring coefficients, relative to the mean of the diagonal.
const SMOOTHING: f64 = 1e-6;

/// Coefficients of least norm with which splines take the given values at the interior knots of the first input of a
/// grid.
///
/// `values`: `[n_intervals + 1, d_input * d_output]`; result `[d_input, n_basis, d_output]`.
pub(crate) fn interpolating(grid: &Grid, values: &[f64], d_input: usize, d_output: usize) -> Vec<f64> {
    let interior = grid.interior(0);
    let (n_points, n_basis, n_edges) = (interior.len(), grid.n_basis(), d_input * d_output);
    let rows: Vec<Vec<f64>> = interior.iter().map(|&x| grid.basis(0, x)).collect();
    let b = Mat::from_fn(n_points, n_basis, |row, m| rows[row][m]);
    let gram = &b * b.transpose();
    let right = Mat::from_fn(n_points, n_edges, |row, edge| values[row * n_edges + edge]);
    // The points determine the values of a polynomial piece on each interval, so the Gram matrix is well conditioned.
    let solved = gram
        .llt(Side::Lower)
        .expect("basis functions at different interior knots are independent")
        .solve(&right);
    let c = b.transpose() * solved;
    let mut coefficients = vec![0.0; d_input * n_basis * d_output];
    for input in 0..d_input {
        for m in 0..n_basis {
            for output in 0..d_output {
                coefficients[(input * n_basis + m) * d_output + output] = c[(m, input * d_output + output)];
            }
        }
    }
    coefficients
}

/// Coefficients of the splines of an input that come nearest to values at points, one column per output:
/// `(B'B + ridge I + smoothing D'D) c = B'y` with `D` the second differences.
///
/// The small smoothness carries the splines over intervals without points, so a solution always exists, for binary and
/// repeated values, too. `None` only if a number is not finite.
///
/// `values`: `[points, d_output]`; result `[n_basis, d_output]`.
pub(crate) fn least_squares(grid: &Grid, input: usize, points: &[f64], values: &[f64]) -> Option<Vec<f64>> {
    let (n_basis, d_output) = (grid.n_basis(), values.len() / points.len());
    let mut normal = Mat::<f64>::zeros(n_basis, n_basis);
    let mut right = Mat::<f64>::zeros(n_basis, d_output);
    for (&x, values) in points.iter().zip(values.chunks_exact(d_output)) {
        let basis = grid.basis(input, x);
        let non_zero: Vec<usize> = (0..n_basis).filter(|&m| basis[m] != 0.0).collect();
        for &m in &non_zero {
            for &n in &non_zero {
                normal[(m, n)] += basis[m] * basis[n];
            }
            for (output, value) in values.iter().enumerate() {
                right[(m, output)] += basis[m] * value;
            }
        }
    }
    let mean = (0..n_basis).map(|m| normal[(m, m)]).sum::<f64>() / n_basis as f64;
    if mean == 0.0 {
        return Some(vec![0.0; n_basis * d_output]);
    }
    for m in 0..n_basis {
        normal[(m, m)] += RIDGE * mean;
    }
    for m in 0..n_basis.saturating_sub(2) {
        for (j, a) in [1.0, -2.0, 1.0].into_iter().enumerate() {
            for (k, b) in [1.0, -2.0, 1.0].into_iter().enumerate() {
                normal[(m + j, m + k)] += SMOOTHING * mean * a * b;
            }
        }
    }
    let solved = normal.llt(Side::Lower).ok()?.solve(&right);
    let c: Vec<f64> = (0..n_basis * d_output)
        .map(|at| solved[(at / d_output, at % d_output)])
        .collect();
    c.iter().all(|value| value.is_finite()).then_some(c)
}
