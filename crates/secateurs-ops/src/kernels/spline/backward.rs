//! Gradients of layers of splines on edges.
//!
//! A task has some inputs, and passes by all rows in blocks. It evaluates the terms again, which takes less time than to
//! keep them, and sorts the rows of each input into groups with the same non-zero terms: the gradients of the coefficients
//! of a group are a small matrix product, and so are those of its points.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::groups::Groups;
use super::layer::{SplineWeights, block_rows};
use super::outer::{Delta, InputGradients};
use super::slopes::input_gradients;
use super::terms::{Order, Splines, Terms};
use crate::kernels::real::Real;

/// Bytes of a row's outputs that are processed at a time: the lines of a group stay in the first cache.
const TILE_BYTES: usize = 4096;

/// Points of a task.
const TASK_POINTS: usize = 512;

/// Gradients of the parameters, and of the input if it is wanted.
pub(crate) struct SplineGradients<T> {
    /// `[n_rows, d_input]`.
    pub(crate) x: Option<Vec<T>>,
    pub(crate) coefficients: Vec<T>,
    pub(crate) base: Vec<T>,
}

/// The requested gradients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Weights,
    WeightsAndInput,
}

/// Computes the requested gradients from the gradient of the output, `[n_rows, d_output]`.
pub(crate) fn backward<T: Real>(
    splines: Splines<'_, T>,
    x: &[T],
    weights: SplineWeights<'_, T>,
    (delta, wanted): (&[T], Wanted),
) -> SplineGradients<T> {
    let (d_input, d_output, n_basis) = (splines.d_input(), weights.d_output, splines.n_basis());
    let n_rows = x.len() / d_input;
    let delta = Delta::new(delta, d_output);
    let mut coefficients = vec![T::ZERO; weights.coefficients.len()];
    let mut base = vec![T::ZERO; weights.base.len()];
    let per_task = TASK_POINTS.div_ceil(block_rows(n_rows)).min(d_input.div_ceil(16));
    let chunks = (
        coefficients.par_chunks_mut(per_task * n_basis * d_output),
        base.par_chunks_mut(per_task * d_output),
    );
    // [d_input, n_rows] in pieces.
    let of_x: Vec<Vec<T>> = chunks
        .into_par_iter()
        .enumerate()
        .map(|(task, (coefficients, base))| {
            Arch::new().dispatch(BackwardInputs {
                splines,
                x,
                weights,
                delta: &delta,
                wanted,
                first_input: task * per_task,
                coefficients,
                base,
            })
        })
        .collect();
    SplineGradients {
        x: (wanted == Wanted::WeightsAndInput).then(|| transpose(&of_x.concat(), n_rows)),
        coefficients,
        base,
    }
}

/// Transposes `[d_input, n_rows]` to `[n_rows, d_input]`.
fn transpose<T: Real>(from: &[T], n_rows: usize) -> Vec<T> {
    let mut to = vec![T::ZERO; from.len()];
    let d_input = from.len() / n_rows;
    for (row, line) in to.chunks_exact_mut(d_input).enumerate() {
        for (input, value) in line.iter_mut().enumerate() {
            *value = from[input * n_rows + row];
        }
    }
    to
}

/// The part of a backward pass for some inputs, all rows and outputs; returns the gradient of the inputs,
/// `[inputs, n_rows]`, if it is wanted.
struct BackwardInputs<'a, T> {
    splines: Splines<'a, T>,
    x: &'a [T],
    weights: SplineWeights<'a, T>,
    delta: &'a Delta<T>,
    wanted: Wanted,
    first_input: usize,
    /// `[inputs, n_basis, d_output]`.
    coefficients: &'a mut [T],
    /// `[inputs, d_output]`.
    base: &'a mut [T],
}

impl<T: Real> WithSimd for BackwardInputs<'_, T> {
    type Output = Vec<T>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<T> {
        match self.splines.n_terms() {
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
    fn run<S: Simd, const N: usize>(mut self, simd: S) -> Vec<T> {
        let d_input = self.splines.d_input();
        let n_inputs = self.base.len() / self.weights.d_output;
        let n_rows = self.x.len() / d_input;
        let mut of_x = match self.wanted {
            Wanted::Weights => Vec::new(),
            Wanted::WeightsAndInput => vec![T::ZERO; n_rows * n_inputs],
        };
        let block = block_rows(n_rows);
        for begin in (0..n_rows).step_by(block) {
            self.block::<S, N>(simd, begin..(begin + block).min(n_rows), &mut of_x);
        }
        of_x
    }

    #[inline(always)]
    fn block<S: Simd, const N: usize>(&mut self, simd: S, rows: Range<usize>, of_x: &mut [T]) {
        let (d_input, d_output, n_basis) = (self.splines.d_input(), self.weights.d_output, self.splines.n_basis());
        let n_rows = self.x.len() / d_input;
        let inputs = self.first_input..self.first_input + self.base.len() / d_output;
        let order = match self.wanted {
            Wanted::Weights => Order::Value,
            Wanted::WeightsAndInput => Order::Slope,
        };
        let x = &self.x[rows.start * d_input..rows.end * d_input];
        let terms = Terms::of_inputs(self.splines, x, inputs.clone(), order);
        let groups = Groups::new(&terms.first, rows.len(), n_basis);
        let delta = self.delta.rows(rows.clone());
        let tile = TILE_BYTES / size_of::<T>();
        for begin in (0..d_output).step_by(tile) {
            let outputs = begin..(begin + tile).min(d_output);
            let gradients = self
                .coefficients
                .chunks_exact_mut(n_basis * d_output)
                .zip(self.base.chunks_exact_mut(d_output));
            for (local, (coefficients, base)) in gradients.enumerate() {
                let points = local * rows.len()..(local + 1) * rows.len();
                let values = &terms.values.as_chunks::<N>().0[points.clone()];
                let to = InputGradients {
                    coefficients,
                    base,
                    started: rows.start > 0,
                };
                to.add::<S, N>(simd, groups.of_input(local), values, (delta, outputs.clone()));
                if order == Order::Slope {
                    let slopes = &terms.slopes.as_chunks::<N>().0[points];
                    let of_x = &mut of_x[local * n_rows..][rows.clone()];
                    let weights = self.weights.of_input(inputs.start + local, n_basis);
                    input_gradients::<S, T, N>(
                        simd,
                        weights,
                        (groups.of_input(local), slopes),
                        (delta, outputs.clone()),
                        of_x,
                    );
                }
            }
        }
    }
}
