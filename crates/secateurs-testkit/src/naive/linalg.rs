//! Dense linear algebra by the textbook.

/// The product `A B` of `A [n, k]` and `B [k, m]`; `n` and `m` follow from the lengths.
pub fn multiply(a: &[f64], b: &[f64], k: usize) -> Vec<f64> {
    let m = b.len() / k;
    let row = |i: usize| (0..m).map(move |j| (0..k).map(|l| a[i * k + l] * b[l * m + j]).sum());
    (0..a.len() / k).flat_map(row).collect()
}

/// The inverse of a regular matrix `[n, n]`, by Gauss and Jordan with pivots.
pub fn inverse(matrix: &[f64], n: usize) -> Vec<f64> {
    let mut left = matrix.to_vec();
    let mut right = identity(n);
    for column in 0..n {
        let size = |row: &usize| left[row * n + column].abs();
        let pivot = (column..n)
            .max_by(|a, b| size(a).total_cmp(&size(b)))
            .expect("a column has a pivot");
        for matrix in [&mut left, &mut right] {
            for j in 0..n {
                matrix.swap(column * n + j, pivot * n + j);
            }
        }
        let divisor = left[column * n + column];
        for j in 0..n {
            left[column * n + j] /= divisor;
            right[column * n + j] /= divisor;
        }
        for row in (0..n).filter(|row| *row != column) {
            let factor = left[row * n + column];
            for j in 0..n {
                left[row * n + j] -= factor * left[column * n + j];
                right[row * n + j] -= factor * right[column * n + j];
            }
        }
    }
    right
}

/// The lower triangular `L` with `A = L L^T`.
pub fn cholesky(matrix: &[f64], n: usize) -> Vec<f64> {
    let mut lower = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let known: f64 = (0..j).map(|l| lower[i * n + l] * lower[j * n + l]).sum();
            let rest = matrix[i * n + j] - known;
            lower[i * n + j] = if i == j { rest.sqrt() } else { rest / lower[j * n + j] };
        }
    }
    lower
}

/// The identity, `[n, n]`.
pub fn identity(n: usize) -> Vec<f64> {
    (0..n * n)
        .map(|index| if index % (n + 1) == 0 { 1.0 } else { 0.0 })
        .collect()
}

/// Adds to the diagonal: `A + value * I`.
pub fn add_diagonal(matrix: &[f64], n: usize, value: f64) -> Vec<f64> {
    matrix
        .iter()
        .enumerate()
        .map(|(index, entry)| if index % (n + 1) == 0 { entry + value } else { *entry })
        .collect()
}

/// The mean of the diagonal.
pub fn mean_diagonal(matrix: &[f64], n: usize) -> f64 {
    matrix.iter().step_by(n + 1).sum::<f64>() / n as f64
}
