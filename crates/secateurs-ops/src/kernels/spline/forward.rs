//! The forward pass of layers of splines on edges.
//!
//! A task has a block of rows, some inputs and tiles of outputs. The sums of a row for a tile stay in registers while it
//! passes by a few inputs, whose coefficients for the tile lie side by side in the cache. So the arithmetic does not depend
//! on the number of intervals, only the memory of the coefficients does.
#![allow(clippy::needless_range_loop)] // arrays of one length are indexed together

use std::marker::PhantomData;
use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::layer::{SplineWeights, block_rows};
use super::terms::{Splines, Terms};
use super::vectors::{Aligned, Tile, tiles, tiles_mut, width, zeros};
use crate::kernels::real::Real;

/// Bytes of coefficients that the first cache can hold beside everything else.
const CACHED_BYTES: usize = 16 << 10;

/// Vectors of a tile, and of a narrow tile for few outputs.
const WIDE: usize = 8;
const NARROW: usize = 2;

/// Largest number of tiles of a task: long lines come from memory faster.
const TILES: usize = 16;

/// Number of parts of the inputs that give enough tasks, and the least number of inputs of one.
const PARTS: usize = 8;
const PART_INPUTS: usize = 32;

/// Applies the layer; returns `[n_rows, d_output]`.
pub(crate) fn forward<T: Real>(splines: Splines<'_, T>, x: &[T], weights: SplineWeights<'_, T>) -> Vec<T> {
    let (d_input, d_output) = (splines.d_input(), weights.d_output);
    let n_rows = x.len() / d_input;
    let mut y = vec![T::ZERO; n_rows * d_output];
    let block = block_rows(n_rows);
    y.par_chunks_mut(block * d_output)
        .zip(x.par_chunks(block * d_input))
        .for_each(|(y, x)| forward_block(splines, x, weights, y));
    y
}

fn forward_block<T: Real>(splines: Splines<'_, T>, x: &[T], weights: SplineWeights<'_, T>, y: &mut [T]) {
    let (d_input, d_output) = (splines.d_input(), weights.d_output);
    let terms = Terms::values(splines, x);
    let width = Arch::new().dispatch(TileWidth::<T>(d_output, PhantomData));
    let part = d_input.div_ceil(PARTS).max(PART_INPUTS);
    let tasks: Vec<(usize, usize)> = (0..d_output)
        .step_by(TILES * width)
        .flat_map(|output| (0..d_input).step_by(part).map(move |input| (output, input)))
        .collect();
    let done: Vec<Vec<T>> = tasks
        .par_iter()
        .map(|&(output, input)| {
            Arch::new().dispatch(ForwardTiles {
                splines,
                terms: &terms,
                weights,
                inputs: input..(input + part).min(d_input),
                outputs: output..(output + TILES * width).min(d_output),
            })
        })
        .collect();
    for (&(output, _), sums) in tasks.iter().zip(&done) {
        for (tile, sums) in sums.chunks_exact(terms.n_rows * width).enumerate() {
            let begin = output + tile * width;
            let end = (begin + width).min(d_output);
            for (y, sums) in y.chunks_exact_mut(d_output).zip(sums.chunks_exact(width)) {
                for (y, &sum) in y[begin..end].iter_mut().zip(sums) {
                    *y += sum;
                }
            }
        }
    }
}

/// Outputs of a tile.
struct TileWidth<T>(usize, PhantomData<T>);

impl<T: Real> WithSimd for TileWidth<T> {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        let narrow = width::<S, T, NARROW>();
        if self.0 <= narrow {
            narrow
        } else {
            width::<S, T, WIDE>()
        }
    }
}

/// The part of a forward pass for a block of rows, some inputs and some tiles of outputs; returns
/// `[tiles, n_rows, width]`.
struct ForwardTiles<'a, T> {
    splines: Splines<'a, T>,
    terms: &'a Terms<T>,
    weights: SplineWeights<'a, T>,
    inputs: Range<usize>,
    outputs: Range<usize>,
}

impl<T: Real> WithSimd for ForwardTiles<'_, T> {
    type Output = Vec<T>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<T> {
        match self.splines.n_terms() {
            2 => self.of_width::<S, 2>(simd),
            3 => self.of_width::<S, 3>(simd),
            4 => self.of_width::<S, 4>(simd),
            5 => self.of_width::<S, 5>(simd),
            6 => self.of_width::<S, 6>(simd),
            _ => self.of_width::<S, 7>(simd),
        }
    }
}

impl<T: Real> ForwardTiles<'_, T> {
    #[inline(always)]
    fn of_width<S: Simd, const N: usize>(self, simd: S) -> Vec<T> {
        if self.weights.d_output <= width::<S, T, NARROW>() {
            self.run::<S, N, NARROW>(simd)
        } else {
            self.run::<S, N, WIDE>(simd)
        }
    }

    #[inline(always)]
    fn run<S: Simd, const N: usize, const V: usize>(self, simd: S) -> Vec<T> {
        let (n_rows, width) = (self.terms.n_rows, width::<S, T, V>());
        let n_tiles = self.outputs.len().div_ceil(width);
        let mut sums = Aligned::zeros(n_tiles * n_rows * width);
        let layout = Layout::new(self.splines, n_rows);
        // Lines of rows are read once, tile after tile; others once for each row, of one tile.
        let at_once = match layout.lines {
            Lines::All => width,
            Lines::OfRows => n_tiles * width,
        };
        let per_chunk = (CACHED_BYTES / (layout.n_lines * at_once * size_of::<T>())).clamp(1, self.inputs.len());
        let of_tile = per_chunk * layout.n_lines;
        let mut cached = Aligned::zeros(n_tiles * of_tile * width);
        let mut offsets = vec![0_u32; per_chunk * n_rows];
        for begin in self.inputs.clone().step_by(per_chunk) {
            let inputs = begin..(begin + per_chunk).min(self.inputs.end);
            self.gather::<S, V>(&layout, inputs.clone(), (cached.get_mut(), of_tile), &mut offsets);
            let values = &self.terms.values[begin * n_rows * N..inputs.end * n_rows * N];
            let per_tile = cached.get().chunks_exact(of_tile * width);
            for (lines, sums) in per_tile.zip(tiles_mut::<S, T, V>(sums.get_mut()).chunks_exact_mut(n_rows)) {
                for (row, sum) in sums.iter_mut().enumerate() {
                    add_inputs::<S, T, N, V>(
                        simd,
                        (tiles::<S, T, V>(lines), layout.n_lines),
                        (&offsets, n_rows),
                        (values.as_chunks().0, row),
                        sum,
                    );
                }
            }
        }
        sums.into_vec(n_tiles * n_rows * width)
    }

    /// Copies the lines of some inputs next to each other, tile by tile, and writes the first line of each row.
    #[inline(always)]
    fn gather<S: Simd, const V: usize>(
        &self,
        layout: &Layout,
        inputs: Range<usize>,
        (cached, of_tile): (&mut [T], usize),
        offsets: &mut [u32],
    ) {
        let (n_rows, d_output, n_basis) = (self.terms.n_rows, self.weights.d_output, self.splines.n_basis());
        let n_functions = self.splines.n_terms() - 1;
        let width = width::<S, T, V>();
        let mut copy = |line: &[T], at: usize| {
            for (tile, part) in line[self.outputs.clone()].chunks(width).enumerate() {
                let to = &mut cached[(tile * of_tile + at) * width..][..width];
                to[..part.len()].copy_from_slice(part);
            }
        };
        for (local, (input, offsets)) in inputs.zip(offsets.chunks_exact_mut(n_rows)).enumerate() {
            let coefficients = &self.weights.coefficients[input * n_basis * d_output..][..n_basis * d_output];
            let first = &self.terms.first[input * n_rows..][..n_rows];
            let mut places = local * layout.n_lines..;
            match layout.lines {
                Lines::All => {
                    offsets.copy_from_slice(first);
                    for (line, at) in coefficients.chunks_exact(d_output).zip(&mut places) {
                        copy(line, at);
                    }
                }
                Lines::OfRows => {
                    for (row, (&first, offset)) in first.iter().zip(offsets).enumerate() {
                        *offset = (row * n_functions) as u32;
                        let lines = &coefficients[first as usize * d_output..][..n_functions * d_output];
                        for (line, at) in lines.chunks_exact(d_output).zip(&mut places) {
                            copy(line, at);
                        }
                    }
                }
            }
            copy(
                &self.weights.base[input * d_output..][..d_output],
                (local + 1) * layout.n_lines - 1,
            );
        }
    }
}

/// The lines of coefficients of an input that are copied: all, or for each row its own where that is less.
enum Lines {
    All,
    OfRows,
}

struct Layout {
    lines: Lines,
    /// Number of lines of an input, with SiLU's line at the end.
    n_lines: usize,
}

impl Layout {
    fn new<T: Real>(splines: Splines<'_, T>, n_rows: usize) -> Self {
        let of_rows = n_rows * (splines.n_terms() - 1);
        let lines = if of_rows < splines.n_basis() {
            Lines::OfRows
        } else {
            Lines::All
        };
        Self {
            lines,
            n_lines: of_rows.min(splines.n_basis()) + 1,
        }
    }
}

/// Adds the terms of some inputs to the sums of a row.
#[inline(always)]
fn add_inputs<S: Simd, T: Real, const N: usize, const V: usize>(
    simd: S,
    (lines, n_lines): (&[Tile<S, T, V>], usize),
    (offsets, n_rows): (&[u32], usize),
    (values, row): (&[[T; N]], usize),
    sum: &mut Tile<S, T, V>,
) {
    let mut of_row = *sum;
    let points = values.chunks_exact(n_rows).zip(offsets.chunks_exact(n_rows));
    for (lines, (values, offsets)) in lines.chunks_exact(n_lines).zip(points) {
        let (values, offset) = (&values[row], offsets[row] as usize);
        let functions = &lines[offset..offset + N - 1];
        let base = &lines[n_lines - 1];
        let mut factors = zeros::<S, T, N>(simd);
        for n in 0..N {
            factors[n] = T::splat(simd, values[n]);
        }
        for v in 0..V {
            // The term has a chain of its own, so that the chain of sums over all inputs stays short.
            let mut term = T::product(simd, factors[N - 1], base[v]);
            for n in 0..N - 1 {
                term = T::mul_add(simd, factors[n], functions[n][v], term);
            }
            of_row[v] = T::sum_of(simd, of_row[v], term);
        }
    }
    *sum = of_row;
}
