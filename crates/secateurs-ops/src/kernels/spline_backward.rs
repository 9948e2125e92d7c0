//! Gradients of layers of splines on edges.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::real::Real;
use super::spline::{Blocks, SplineWeights, lines, splat_rows, split, tile_width};
use super::spline_terms::Group;

/// Gradients of the parameters and of the input.
pub(crate) struct SplineGradients<T> {
    /// `[n_rows, d_input]`.
    pub(crate) x: Vec<T>,
    pub(crate) coefficients: Vec<T>,
    pub(crate) base: Vec<T>,
}

/// All gradients, from that of the output, `[n_rows, d_output]`.
pub(crate) fn backward<T: Real>(
    blocks: &Blocks<T>,
    weights: SplineWeights<'_, T>,
    n_basis: usize,
    delta: &[T],
) -> SplineGradients<T> {
    let d_output = weights.d_output;
    let n_rows = blocks.n_rows();
    let d_input = weights.base.len() / d_output;
    let mut gradients = SplineGradients {
        x: vec![T::ZERO; n_rows * d_input],
        coefficients: vec![T::ZERO; weights.coefficients.len()],
        base: vec![T::ZERO; weights.base.len()],
    };
    // [tile][n_rows, width] in one buffer.
    let tiles = tiled(delta, d_output);
    // [d_input, n_rows], transposed at the end.
    let mut of_x = vec![T::ZERO; n_rows * d_input];
    let per_task = d_input.div_ceil(8 * rayon::current_num_threads()).max(1);
    let chunks = (
        of_x.par_chunks_mut(per_task * n_rows),
        gradients.coefficients.par_chunks_mut(per_task * n_basis * d_output),
        gradients.base.par_chunks_mut(per_task * d_output),
    );
    chunks
        .into_par_iter()
        .enumerate()
        .for_each(|(task, (of_x, coefficients, base))| {
            Arch::new().dispatch(BackwardInputs {
                blocks,
                weights,
                n_basis,
                delta: &tiles,
                first_input: task * per_task,
                of_x,
                coefficients,
                base,
            });
        });
    transpose(&of_x, n_rows, &mut gradients.x);
    gradients
}

/// `[n_rows, d_output]` cut into tiles of outputs, one after the other.
fn tiled<T: Real>(delta: &[T], d_output: usize) -> Vec<T> {
    let mut tiles = Vec::with_capacity(delta.len());
    for begin in (0..d_output).step_by(tile_width::<T>()) {
        let end = (begin + tile_width::<T>()).min(d_output);
        for line in delta.chunks_exact(d_output) {
            tiles.extend_from_slice(&line[begin..end]);
        }
    }
    tiles
}

/// `[d_input, n_rows]` to `[n_rows, d_input]`.
fn transpose<T: Real>(from: &[T], n_rows: usize, to: &mut [T]) {
    let d_input = from.len() / n_rows.max(1);
    for (row, line) in to.chunks_exact_mut(d_input).enumerate() {
        for (input, value) in line.iter_mut().enumerate() {
            *value = from[input * n_rows + row];
        }
    }
}

/// A few inputs, all rows and outputs.
struct BackwardInputs<'a, T> {
    blocks: &'a Blocks<T>,
    weights: SplineWeights<'a, T>,
    n_basis: usize,
    delta: &'a [T],
    first_input: usize,
    /// `[inputs, n_rows]`.
    of_x: &'a mut [T],
    /// `[inputs, n_basis, d_output]`.
    coefficients: &'a mut [T],
    /// `[inputs, d_output]`.
    base: &'a mut [T],
}

impl<T: Real> WithSimd for BackwardInputs<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.blocks.n_terms() {
            2 => self.run::<S, 2>(simd),
            3 => self.run::<S, 3>(simd),
            4 => self.run::<S, 4>(simd),
            5 => self.run::<S, 5>(simd),
            6 => self.run::<S, 6>(simd),
            _ => self.run::<S, 7>(simd),
        }
    }
}

impl<T: Real> BackwardInputs<'_, T> {
    #[inline(always)]
    fn run<S: Simd, const N: usize>(mut self, simd: S) {
        let d_output = self.weights.d_output;
        let n_rows = self.blocks.n_rows();
        for begin in (0..d_output).step_by(tile_width::<T>()) {
            let outputs = begin..(begin + tile_width::<T>()).min(d_output);
            let width = outputs.len();
            for local in 0..self.base.len() / d_output {
                let mut row = 0;
                for terms in &self.blocks.0 {
                    let delta = &self.delta[begin * n_rows + row * width..][..terms.n_rows() * width];
                    for group in terms.groups(self.first_input + local) {
                        self.weight_gradients::<S, N>(simd, &group, (local, outputs.clone()), delta);
                        let of_x = &mut self.of_x[local * n_rows + row..][..terms.n_rows()];
                        let at = (self.first_input + local, group.first);
                        let lines = lines::<T, N>(self.weights, self.n_basis, at, outputs.clone());
                        slopes::<S, T, N>(simd, &group, lines, (delta, of_x));
                    }
                    row += terms.n_rows();
                }
            }
        }
    }

    /// Adds `sum_rows value * delta` to the gradients of the terms of a group.
    #[inline(always)]
    fn weight_gradients<S: Simd, const N: usize>(
        &mut self,
        simd: S,
        group: &Group<'_, T>,
        (input, outputs): (usize, Range<usize>),
        delta: &[T],
    ) {
        let (width, d_output) = (outputs.len(), self.weights.d_output);
        let first = input * self.n_basis + group.first;
        // The lines of N - 1 neighbouring basis functions, and that of SiLU.
        let of_basis = &mut self.coefficients[first * d_output..][..(N - 1) * d_output];
        let of_base = &mut self.base[input * d_output..][..d_output];
        let mut all = of_basis.chunks_exact_mut(d_output).chain(std::iter::once(of_base));
        let mut sums: [&mut [T]; N] = std::array::from_fn(|_| {
            let line = all.next().expect("there are as many lines as terms");
            &mut line[outputs.clone()]
        });
        let line = |row: &u32| &delta[*row as usize * width..][..width];
        for (rows, values) in group.rows.chunks(2).zip(group.values.chunks(2 * N)) {
            match rows {
                [first, second] => add_outer::<S, T, N, 2>(simd, [line(first), line(second)], values, &mut sums),
                _ => add_outer::<S, T, N, 1>(simd, [line(&rows[0])], values, &mut sums),
            }
        }
    }
}

/// Adds `sum_r value_{r,n} row_r` to each of `N` lines.
#[inline(always)]
fn add_outer<S: Simd, T: Real, const N: usize, const R: usize>(
    simd: S,
    rows: [&[T]; R],
    values: &[T],
    sums: &mut [&mut [T]; N],
) {
    let (whole, tails) = split::<S, T, R>(rows);
    let n_vectors = whole[0].len();
    let factors = splat_rows::<S, T, N, R>(simd, values);
    let mut sums = sums.each_mut().map(|line| T::vectors_mut::<S>(line));
    let vectors = sums.each_mut().map(|line| &mut line.0[..n_vectors]);
    for at in 0..n_vectors {
        for n in 0..N {
            let mut sum = vectors[n][at];
            for r in 0..R {
                sum = T::mul_add(simd, factors[r][n], whole[r][at], sum);
            }
            vectors[n][at] = sum;
        }
    }
    for (n, line) in sums.iter_mut().enumerate() {
        for (o, sum) in line.1.iter_mut().enumerate() {
            for r in 0..R {
                *sum += values[r * N + n] * tails[r][o];
            }
        }
    }
}

/// Adds `sum_o delta * sum_n slope_n * line_n` to the gradients of the inputs of a group.
#[inline(always)]
fn slopes<S: Simd, T: Real, const N: usize>(
    simd: S,
    group: &Group<'_, T>,
    lines: [&[T]; N],
    (delta, of_x): (&[T], &mut [T]),
) {
    let width = lines[0].len();
    let line = |row: &u32| &delta[*row as usize * width..][..width];
    for (rows, slopes) in group.rows.chunks(2).zip(group.slopes.chunks(2 * N)) {
        if let [first, second] = rows {
            let sums = dots::<S, T, N, 2>(simd, lines, slopes, [line(first), line(second)]);
            of_x[*first as usize] += sums[0];
            of_x[*second as usize] += sums[1];
        } else {
            let [sum] = dots::<S, T, N, 1>(simd, lines, slopes, [line(&rows[0])]);
            of_x[rows[0] as usize] += sum;
        }
    }
}

/// `sum_o row_{r,o} sum_n factor_{r,n} line_{n,o}` for each of `R` rows.
#[inline(always)]
fn dots<S: Simd, T: Real, const N: usize, const R: usize>(
    simd: S,
    lines: [&[T]; N],
    factors: &[T],
    rows: [&[T]; R],
) -> [T; R] {
    let (whole, tails) = split::<S, T, N>(lines);
    let (of_rows, row_tails) = split::<S, T, R>(rows);
    let n_vectors = whole[0].len();
    let of_rows = of_rows.map(|row| &row[..n_vectors]);
    let splats = splat_rows::<S, T, N, R>(simd, factors);
    let zero = T::splat(simd, T::ZERO);
    let mut sums = [zero; R];
    for at in 0..n_vectors {
        for r in 0..R {
            let mut slope = zero;
            for n in 0..N {
                slope = T::mul_add(simd, splats[r][n], whole[n][at], slope);
            }
            sums[r] = T::mul_add(simd, slope, of_rows[r][at], sums[r]);
        }
    }
    std::array::from_fn(|r| {
        let mut sum = if n_vectors > 0 { T::sum(simd, sums[r]) } else { T::ZERO };
        for (o, delta) in row_tails[r].iter().enumerate() {
            for n in 0..N {
                sum += factors[r * N + n] * tails[n][o] * *delta;
            }
        }
        sum
    })
}
