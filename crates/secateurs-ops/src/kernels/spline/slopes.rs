//! Gradients of the inputs of layers of splines on edges.
#![allow(clippy::needless_range_loop)] // arrays of one length are indexed together

use std::ops::Range;

use pulp::Simd;

use super::outer::DeltaRows;
use crate::kernels::real::Real;

/// Lines of one input: coefficients `[n_basis, d_output]` and SiLU's weights `[d_output]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct InputWeights<'a, T> {
    pub(super) coefficients: &'a [T],
    pub(super) base: &'a [T],
}

/// Computes `sum_o delta[row, o] * sum_n slope[row, n] * line_n[o]` for the rows of each group.
#[inline(always)]
pub(super) fn input_gradients<'b, S: Simd, T: Real, const N: usize>(
    simd: S,
    weights: InputWeights<'_, T>,
    (groups, slopes): (impl Iterator<Item = (usize, &'b [u32])> + Clone, &[[T; N]]),
    (delta, outputs): (DeltaRows<'_, T>, Range<usize>),
    of_x: &mut [T],
) {
    let d_output = weights.base.len();
    for (first, rows) in groups {
        let lines: [&[T]; N] = std::array::from_fn(|n| {
            let line = if n + 1 < N {
                &weights.coefficients[(first + n) * d_output..][..d_output]
            } else {
                weights.base
            };
            &line[outputs.clone()]
        });
        let delta = |row: u32| &delta.row(row)[outputs.clone()];
        let mut pairs = rows.chunks_exact(2);
        for pair in &mut pairs {
            let of_pair = [&slopes[pair[0] as usize], &slopes[pair[1] as usize]];
            let sums = dots(simd, lines, of_pair, [delta(pair[0]), delta(pair[1])]);
            of_x[pair[0] as usize] += sums[0];
            of_x[pair[1] as usize] += sums[1];
        }
        for &row in pairs.remainder() {
            let [sum] = dots(simd, lines, [&slopes[row as usize]], [delta(row)]);
            of_x[row as usize] += sum;
        }
    }
}

/// Computes `sum_n factor_{r,n} sum_o row_{r,o} line_{n,o}` for each of `R` rows.
// No closure around vectors: it would not be compiled for the instruction set.
#[inline(always)]
fn dots<S: Simd, T: Real, const N: usize, const R: usize>(
    simd: S,
    lines: [&[T]; N],
    factors: [&[T; N]; R],
    rows: [&[T]; R],
) -> [T; R] {
    let width = rows[0].len();
    let n_whole = T::vectors::<S>(rows[0]).0.len();
    let mut vectors = [T::vectors::<S>(&[]).0; N];
    for n in 0..N {
        vectors[n] = &T::vectors::<S>(&lines[n][..width]).0[..n_whole];
    }
    let mut of_rows = [T::vectors::<S>(&[]).0; R];
    for r in 0..R {
        of_rows[r] = &T::vectors::<S>(rows[r]).0[..n_whole];
    }
    let zero = T::splat(simd, T::ZERO);
    let mut sums = [[zero; N]; R];
    for at in 0..n_whole {
        for n in 0..N {
            for r in 0..R {
                sums[r][n] = T::mul_add(simd, vectors[n][at], of_rows[r][at], sums[r][n]);
            }
        }
    }
    let behind = width - T::vectors::<S>(rows[0]).1.len();
    let mut out = [T::ZERO; R];
    for r in 0..R {
        let mut all = zero;
        for n in 0..N {
            all = T::mul_add(simd, T::splat(simd, factors[r][n]), sums[r][n], all);
        }
        out[r] = T::sum(simd, all);
        for o in behind..width {
            for n in 0..N {
                out[r] += factors[r][n] * lines[n][o] * rows[r][o];
            }
        }
    }
    out
}
