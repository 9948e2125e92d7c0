//! Matrix products: faer's kernels, split over rayon.

use faer::{Accum, MatMut, MatRef, Par, linalg::matmul};

/// Number of multiply-adds below which another task is not worth its start (less than a tenth of a millisecond):
/// experts of a mixture see few tokens each.
const TASK: usize = 4 << 20;

/// Widths of the kernels of faer: 24 with AVX2, 48 with AVX-512. Parts of other widths leave columns to slower ones.
pub(crate) const MULTIPLE: usize = 48;

/// Computes `c = a b`, or `c += a b`, on the current thread.
pub(crate) fn product(c: MatMut<'_, f32>, accum: Accum, a: MatRef<'_, f32>, b: MatRef<'_, f32>) {
    matmul::matmul(c, accum, a, b, 1.0, Par::Seq);
}

/// Computes `c = a b` on all threads of the current rayon pool.
///
/// The result is cut into independent blocks instead of letting the kernel synchronise its threads: no barrier is
/// spun on when other work holds a core.
pub(crate) fn par_product(c: MatMut<'_, f32>, a: MatRef<'_, f32>, b: MatRef<'_, f32>) {
    let work = c.nrows() * c.ncols() * a.ncols();
    let threads = rayon::current_num_threads();
    let tasks = if threads == 1 {
        1
    } else {
        (work / TASK).clamp(1, 8 * threads)
    };
    split(c, a, b, tasks);
}

fn split(c: MatMut<'_, f32>, a: MatRef<'_, f32>, b: MatRef<'_, f32>, tasks: usize) {
    let (rows, columns) = (c.nrows(), c.ncols());
    if tasks <= 1 || rows.max(columns) < 128 {
        return product(c, Accum::Replace, a, b);
    }
    let half = tasks / 2;
    if columns >= rows {
        let middle = cut(columns, half, tasks);
        let (c0, c1) = c.split_at_col_mut(middle);
        let (b0, b1) = b.split_at_col(middle);
        rayon::join(|| split(c0, a, b0, half), || split(c1, a, b1, tasks - half));
    } else {
        let middle = cut(rows, half, tasks);
        let (c0, c1) = c.split_at_row_mut(middle);
        let (a0, a1) = a.split_at_row(middle);
        rayon::join(|| split(c0, a0, b, half), || split(c1, a1, b, tasks - half));
    }
}

/// The share `part / of` of a length of at least 128, a multiple of [`MULTIPLE`] so that no block has a ragged edge inside.
fn cut(length: usize, part: usize, of: usize) -> usize {
    (length * part / of)
        .next_multiple_of(MULTIPLE)
        .clamp(MULTIPLE, length - 1)
}

/// The matrix `[rows, columns]` in row-major order.
pub(crate) fn rows(data: &[f32], rows: usize, columns: usize) -> MatRef<'_, f32> {
    MatRef::from_row_major_slice(data, rows, columns)
}

/// The matrix `[rows, columns]` in row-major order, to be written.
pub(crate) fn rows_mut(data: &mut [f32], rows: usize, columns: usize) -> MatMut<'_, f32> {
    MatMut::from_row_major_slice_mut(data, rows, columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small integers, so that every product is exact whatever the order of summation.
    fn integers(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 37 + seed * 11) % 9) as f32 - 4.0).collect()
    }

    #[test]
    fn any_split_gives_the_exact_product() {
        for (m, k, n) in [(1, 1, 1), (1, 5, 300), (300, 7, 3), (129, 65, 257), (200, 33, 200)] {
            let (a, b) = (integers(m * k, 1), integers(k * n, 2));
            let mut expected = vec![0.0; m * n];
            for (i, e) in expected.iter_mut().enumerate() {
                *e = (0..k).map(|l| a[(i / n) * k + l] * b[l * n + i % n]).sum();
            }
            for tasks in [1, 2, 3, 16] {
                let mut c = vec![f32::NAN; m * n];
                split(rows_mut(&mut c, m, n), rows(&a, m, k), rows(&b, k, n), tasks);
                assert_eq!(c, expected, "{m} x {k} x {n} in {tasks}");
            }
        }
    }
}
