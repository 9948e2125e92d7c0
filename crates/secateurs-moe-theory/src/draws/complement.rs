//! The part of a gradient outside the span of the vectors, on which no loss depends.

use faer::Mat;

use crate::matrix::{product, rows};

/// Rows with covariance `gram`, `[n, n]`, from rows of independent standard normal numbers; `[n_rows, n]` both.
pub(crate) fn correlated(normal: &[f64], gram: &Mat<f64>) -> Mat<f64> {
    let factor = semidefinite_cholesky(gram);
    product(rows(normal, gram.nrows()), factor.transpose())
}

/// The lower triangular `L` with `L L' = gram`, which may be singular.
///
/// A column that depends on earlier ones leaves a pivot of rounding errors; it adds nothing of its own.
fn semidefinite_cholesky(gram: &Mat<f64>) -> Mat<f64> {
    /// Share of a diagonal entry below which the remainder is rounding.
    const NEGLIGIBLE: f64 = 1e-13;
    let n = gram.nrows();
    let mut factor = Mat::<f64>::zeros(n, n);
    for j in 0..n {
        let earlier = |i: usize, factor: &Mat<f64>| (0..j).map(|k| factor[(i, k)] * factor[(j, k)]).sum::<f64>();
        let pivot = gram[(j, j)] - earlier(j, &factor);
        if pivot <= NEGLIGIBLE * gram[(j, j)] {
            continue;
        }
        let root = pivot.sqrt();
        factor[(j, j)] = root;
        for i in j + 1..n {
            factor[(i, j)] = (gram[(i, j)] - earlier(i, &factor)) / root;
        }
    }
    factor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_of_singular_matrices_multiply_back() {
        // The third column is the sum of the first two, the fourth is zero.
        let b = Mat::from_fn(5, 4, |row, column| {
            let independent = |column: usize| ((1 + row) * (2 + 3 * column)) as f64 % 7.0 - 3.0;
            match column {
                2 => independent(0) + independent(1),
                3 => 0.0,
                _ => independent(column),
            }
        });
        let gram = b.transpose() * &b;
        let factor = semidefinite_cholesky(&gram);
        let back = &factor * factor.transpose();
        for i in 0..4 {
            for j in 0..4 {
                assert!((back[(i, j)] - gram[(i, j)]).abs() < 1e-10, "{back:?} {gram:?}");
            }
        }
        assert!(gram[(0, 0)] > 1.0 && gram[(0, 1)] != 0.0);
    }
}
