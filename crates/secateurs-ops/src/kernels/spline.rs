//! Layers of splines on edges: only the terms that are not zero.
//!
//! Work on one input of one block of rows: rows with the same non-zero terms form a group, and a group is a small matrix
//! product that two rows pass at a time. So the time does not depend on the number of
//! intervals, only the memory of the coefficients does.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::real::Real;
use super::spline_terms::{Splines, Terms};

/// The most rows that are sorted and worked on together.
const BLOCK_ROWS: usize = 128;
/// Bytes of a line of a tile of outputs.
const TILE_BYTES: usize = 4096;

/// Parameters of a layer: `sum_i (base[i, o] silu(x_i) + sum_m coefficients[i, m, o] B_m(x_i))`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SplineWeights<'a, T> {
    /// `[d_input, n_basis, d_output]`.
    pub(crate) coefficients: &'a [T],
    /// `[d_input, d_output]`.
    pub(crate) base: &'a [T],
    pub(crate) d_output: usize,
}

/// The terms of all rows in blocks, kept from the forward for the backward pass.
#[derive(Debug)]
pub(crate) struct Blocks<T>(pub(super) Vec<Terms<T>>);

impl<T: Real> Blocks<T> {
    /// `x`: `[n_rows, d_input]`.
    pub(crate) fn new(splines: Splines<'_, T>, x: &[T]) -> Self {
        let d_input = splines.d_input();
        let n_rows = x.len() / d_input;
        // As even as they come, and one for each thread if there are enough rows for groups.
        let n_blocks = n_rows
            .div_ceil(BLOCK_ROWS)
            .max(rayon::current_num_threads().min(n_rows / 32))
            .max(1);
        let block = n_rows.div_ceil(n_blocks).max(1) * d_input;
        Self(x.chunks(block).map(|x| Terms::new(splines, x)).collect())
    }

    pub(super) fn n_rows(&self) -> usize {
        self.0.iter().map(Terms::n_rows).sum()
    }

    /// Non-zero terms of each edge and row.
    pub(super) fn n_terms(&self) -> usize {
        self.0.first().map_or(2, Terms::n_terms)
    }

    /// Values, or their derivatives, of all basis functions: `[n_rows, d_input, n_basis]`.
    pub(crate) fn basis(&self, n_basis: usize, order: Order) -> Vec<T> {
        let mut all = Vec::new();
        for terms in &self.0 {
            let d_input = terms.d_input();
            let begin = all.len();
            all.resize(begin + terms.n_rows() * d_input * n_basis, T::ZERO);
            let block = &mut all[begin..];
            for input in 0..d_input {
                for group in terms.groups(input) {
                    let n_terms = terms.n_terms();
                    let of_order = match order {
                        Order::Value => group.values,
                        Order::Slope => group.slopes,
                    };
                    for (&row, terms) in group.rows.iter().zip(of_order.chunks_exact(n_terms)) {
                        let at = (row as usize * d_input + input) * n_basis + group.first;
                        block[at..at + n_terms - 1].copy_from_slice(&terms[..n_terms - 1]);
                    }
                }
            }
        }
        all
    }
}

/// Which derivative of a basis function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Value,
    Slope,
}

/// Outputs of a tile.
pub(super) fn tile_width<T>() -> usize {
    TILE_BYTES / size_of::<T>()
}

/// The layer applied: `[n_rows, d_output]`.
pub(crate) fn forward<T: Real>(blocks: &Blocks<T>, weights: SplineWeights<'_, T>, n_basis: usize) -> Vec<T> {
    let d_output = weights.d_output;
    let mut y = vec![T::ZERO; blocks.n_rows() * d_output];
    let per_block = blocks.0.first().map_or(1, Terms::n_rows) * d_output;
    y.par_chunks_mut(per_block.max(1))
        .zip(&blocks.0)
        .for_each(|(y, terms)| {
            let tiles: Vec<usize> = (0..d_output).step_by(tile_width::<T>()).collect();
            let done: Vec<Vec<T>> = tiles
                .par_iter()
                .map(|&begin| {
                    let width = tile_width::<T>().min(d_output - begin);
                    let mut tile = vec![T::ZERO; terms.n_rows() * width];
                    Arch::new().dispatch(ForwardTile {
                        terms,
                        weights,
                        n_basis,
                        begin,
                        tile: &mut tile,
                    });
                    tile
                })
                .collect();
            for (begin, tile) in tiles.into_iter().zip(done) {
                let width = tile.len() / terms.n_rows();
                for (y, tile) in y.chunks_exact_mut(d_output).zip(tile.chunks_exact(width)) {
                    y[begin..begin + width].copy_from_slice(tile);
                }
            }
        });
    y
}

/// One block of rows and one tile of outputs.
struct ForwardTile<'a, T> {
    terms: &'a Terms<T>,
    weights: SplineWeights<'a, T>,
    n_basis: usize,
    /// First output of the tile.
    begin: usize,
    /// `[n_rows, width]`.
    tile: &'a mut [T],
}

impl<T: Real> WithSimd for ForwardTile<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.terms.n_terms() {
            2 => self.run::<S, 2>(simd),
            3 => self.run::<S, 3>(simd),
            4 => self.run::<S, 4>(simd),
            5 => self.run::<S, 5>(simd),
            6 => self.run::<S, 6>(simd),
            _ => self.run::<S, 7>(simd),
        }
    }
}

impl<T: Real> ForwardTile<'_, T> {
    #[inline(always)]
    fn run<S: Simd, const N: usize>(self, simd: S) {
        let width = self.tile.len() / self.terms.n_rows();
        for input in 0..self.terms.d_input() {
            for group in self.terms.groups(input) {
                let lines = lines::<T, N>(
                    self.weights,
                    self.n_basis,
                    (input, group.first),
                    self.begin..self.begin + width,
                );
                let pairs = group.rows.chunks(2).zip(group.values.chunks(2 * N));
                for (rows, values) in pairs {
                    // Rows of a group ascend.
                    let (before, after) = self.tile.split_at_mut(rows[rows.len() - 1] as usize * width);
                    let last = &mut after[..width];
                    if let [first, _] = rows {
                        let first = &mut before[*first as usize * width..][..width];
                        add_terms::<S, T, N, 2>(simd, lines, values, [first, last]);
                    } else {
                        add_terms::<S, T, N, 1>(simd, lines, values, [last]);
                    }
                }
            }
        }
    }
}

/// Adds `sum_n value_{r,n} line_n` to each of `R` rows.
#[inline(always)]
fn add_terms<S: Simd, T: Real, const N: usize, const R: usize>(
    simd: S,
    lines: [&[T]; N],
    values: &[T],
    rows: [&mut [T]; R],
) {
    let (whole, tails) = split::<S, T, N>(lines);
    let n_vectors = whole[0].len();
    let factors = splat_rows::<S, T, N, R>(simd, values);
    let mut rows = rows.map(|row| T::vectors_mut::<S>(row));
    let sums = rows.each_mut().map(|row| &mut row.0[..n_vectors]);
    for at in 0..n_vectors {
        for r in 0..R {
            let mut sum = sums[r][at];
            for n in 0..N {
                sum = T::mul_add(simd, factors[r][n], whole[n][at], sum);
            }
            sums[r][at] = sum;
        }
    }
    for (r, row) in rows.iter_mut().enumerate() {
        for (o, y) in row.1.iter_mut().enumerate() {
            for n in 0..N {
                *y += values[r * N + n] * tails[n][o];
            }
        }
    }
}

pub(super) type Vectors<'a, S, T, const N: usize> = [&'a [<T as Real>::Vector<S>]; N];

/// Whole vectors of lines of one length, and the numbers behind them.
#[inline(always)]
pub(super) fn split<'a, S: Simd, T: Real, const N: usize>(lines: [&'a [T]; N]) -> (Vectors<'a, S, T, N>, [&'a [T]; N]) {
    let parts = lines.map(|line| T::vectors::<S>(line));
    let n_vectors = parts[0].0.len();
    (parts.map(|part| &part.0[..n_vectors]), parts.map(|part| part.1))
}

/// `N` numbers for each of `R` rows, each filling a vector.
#[inline(always)]
pub(super) fn splat_rows<S: Simd, T: Real, const N: usize, const R: usize>(
    simd: S,
    values: &[T],
) -> [[T::Vector<S>; N]; R] {
    std::array::from_fn(|r| std::array::from_fn(|n| T::splat(simd, values[r * N + n])))
}

/// The weights of the `N` terms of a group for some outputs: of `N - 1` basis functions, and of SiLU.
#[inline(always)]
pub(super) fn lines<'a, T: Real, const N: usize>(
    weights: SplineWeights<'a, T>,
    n_basis: usize,
    (input, first): (usize, usize),
    outputs: Range<usize>,
) -> [&'a [T]; N] {
    let d_output = weights.d_output;
    std::array::from_fn(|n| {
        let line = if n + 1 < N {
            &weights.coefficients[(input * n_basis + first + n) * d_output..][..d_output]
        } else {
            &weights.base[input * d_output..][..d_output]
        };
        &line[outputs.clone()]
    })
}
