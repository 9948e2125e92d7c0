//! Gradients of the weights of one input of a layer of splines.
#![allow(clippy::needless_range_loop)] // arrays of one length are indexed together

use std::ops::Range;

use pulp::Simd;

use super::vectors::{Aligned, add, load, store, tiles, width, zeros};
use crate::kernels::real::Real;

/// Vectors of a tile of outputs: as many sums as there are registers.
const VECTORS: usize = 2;

/// Number that every tile's width divides.
const LINE: usize = 32;

/// The gradient of the output, with zeros behind the outputs of each row up to a whole tile.
pub(super) struct Delta<T> {
    data: Aligned<T>,
    d_output: usize,
    stride: usize,
}

/// Some rows of a [`Delta`].
#[derive(Debug, Clone, Copy)]
pub(super) struct DeltaRows<'a, T> {
    data: &'a [T],
    d_output: usize,
    stride: usize,
}

impl<T: Real> Delta<T> {
    pub(super) fn new(delta: &[T], d_output: usize) -> Self {
        // An odd number of lines, so that neighbouring rows do not fight for the same places of the cache.
        let stride = (d_output.div_ceil(LINE) | 1) * LINE;
        let mut data = Aligned::zeros(delta.len() / d_output * stride);
        for (to, row) in data
            .get_mut()
            .chunks_exact_mut(stride)
            .zip(delta.chunks_exact(d_output))
        {
            to[..d_output].copy_from_slice(row);
        }
        Self { data, d_output, stride }
    }

    pub(super) fn rows(&self, rows: Range<usize>) -> DeltaRows<'_, T> {
        DeltaRows {
            data: &self.data.get()[rows.start * self.stride..rows.end * self.stride],
            d_output: self.d_output,
            stride: self.stride,
        }
    }
}

impl<'a, T> DeltaRows<'a, T> {
    #[inline(always)]
    pub(super) fn row(&self, row: u32) -> &'a [T] {
        &self.data[row as usize * self.stride..][..self.d_output]
    }
}

/// The gradients of an input's weights, to be added to.
pub(super) struct InputGradients<'a, T> {
    /// `[n_basis, d_output]`.
    pub(super) coefficients: &'a mut [T],
    /// `[d_output]`.
    pub(super) base: &'a mut [T],
    /// Whether gradients were added before; otherwise they are zero and need not be read.
    pub(super) started: bool,
}

impl<T: Real> InputGradients<'_, T> {
    /// Adds `sum_rows value * delta` of every term. The sums of a group stay in registers, tile by tile.
    #[inline(always)]
    pub(super) fn add<'b, S: Simd, const N: usize>(
        self,
        simd: S,
        groups: impl Iterator<Item = (usize, &'b [u32])>,
        values: &[[T; N]],
        (delta, outputs): (DeltaRows<'_, T>, Range<usize>),
    ) {
        let (d_output, width) = (self.base.len(), width::<S, T, VECTORS>());
        // Functions up to here have been added to, and SiLU.
        let mut begun = if self.started { usize::MAX } else { 0 };
        for (first, rows) in groups {
            let lines = &mut self.coefficients[first * d_output..][..(N - 1) * d_output];
            let n_begun = begun.saturating_sub(first).min(N - 1);
            for begin in outputs.clone().step_by(width) {
                let end = (begin + width).min(outputs.end);
                let mut sums = [zeros::<S, T, VECTORS>(simd); N];
                for n in 0..N - 1 {
                    if n < n_begun {
                        sums[n] = load::<S, T, VECTORS>(&lines[n * d_output + begin..n * d_output + end]);
                    }
                }
                if begun > 0 {
                    sums[N - 1] = load::<S, T, VECTORS>(&self.base[begin..end]);
                }
                for &row in rows {
                    let delta = &tiles::<S, T, VECTORS>(&delta.data[row as usize * delta.stride + begin..][..width])[0];
                    let values = &values[row as usize];
                    for n in 0..N {
                        add(simd, values[n], delta, &mut sums[n]);
                    }
                }
                for n in 0..N - 1 {
                    store::<S, T, VECTORS>(sums[n], &mut lines[n * d_output + begin..n * d_output + end]);
                }
                store::<S, T, VECTORS>(sums[N - 1], &mut self.base[begin..end]);
            }
            begun = begun.max(first + N - 1);
        }
    }
}
