//! The terms that are not zero of the functions on the edges of a layer.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::points::{Points, Spline};
use crate::kernels::real::Real;
use crate::spline_beyond::Beyond;

/// Splines of one layer: `[d_input, n_knots]` knots in ascending order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Splines<'a, T> {
    pub(crate) knots: &'a [T],
    pub(crate) n_knots: usize,
    pub(crate) degree: usize,
    pub(crate) beyond: Beyond,
}

impl<'a, T: Real> Splines<'a, T> {
    pub(crate) fn d_input(&self) -> usize {
        self.knots.len() / self.n_knots
    }

    pub(crate) fn n_basis(&self) -> usize {
        self.n_knots - self.degree - 1
    }

    /// Number of terms of each edge at a point: `degree + 1` basis functions and SiLU.
    pub(super) fn n_terms(&self) -> usize {
        self.degree + 2
    }

    fn of_input(&self, input: usize) -> Spline<'a, T> {
        let knots = &self.knots[input * self.n_knots..][..self.n_knots];
        Spline::new(knots, (self.degree, self.beyond))
    }
}

/// The derivative of a term: its value or its slope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Value,
    Slope,
}

/// Terms of some inputs and rows.
#[derive(Debug)]
pub(super) struct Terms<T> {
    pub(super) n_rows: usize,
    /// The first basis functions, `[inputs, n_rows]`.
    pub(super) first: Vec<u32>,
    /// Values of the terms, `[inputs, n_rows, n_terms]`.
    pub(super) values: Vec<T>,
    /// Derivatives of the values, if they are wanted.
    pub(super) slopes: Vec<T>,
}

impl<T: Real> Terms<T> {
    /// Terms of all inputs, without slopes. `x`: `[n_rows, d_input]`, not empty.
    pub(super) fn values(splines: Splines<'_, T>, x: &[T]) -> Self {
        let (d_input, n_terms) = (splines.d_input(), splines.n_terms());
        let n_rows = x.len() / d_input;
        let mut terms = Self {
            n_rows,
            first: vec![0; x.len()],
            values: vec![T::ZERO; x.len() * n_terms],
            slopes: Vec::new(),
        };
        // A few thousand points for each task.
        let per_task = 4096_usize.div_ceil(n_rows);
        let chunks = (
            terms.first.par_chunks_mut(per_task * n_rows),
            terms.values.par_chunks_mut(per_task * n_rows * n_terms),
        );
        chunks.into_par_iter().enumerate().for_each(|(task, (first, values))| {
            Arch::new().dispatch(Fill {
                splines,
                x,
                first_input: task * per_task,
                points: Points {
                    first,
                    values,
                    slopes: &mut [],
                },
            });
        });
        terms
    }

    /// Terms of some inputs, up to an order.
    pub(super) fn of_inputs(splines: Splines<'_, T>, x: &[T], inputs: Range<usize>, order: Order) -> Self {
        let n_rows = x.len() / splines.d_input();
        let n_points = n_rows * inputs.len();
        let n_slopes = if order == Order::Slope { n_points } else { 0 };
        let mut terms = Self {
            n_rows,
            first: vec![0; n_points],
            values: vec![T::ZERO; n_points * splines.n_terms()],
            slopes: vec![T::ZERO; n_slopes * splines.n_terms()],
        };
        Arch::new().dispatch(Fill {
            splines,
            x,
            first_input: inputs.start,
            points: Points {
                first: &mut terms.first,
                values: &mut terms.values,
                slopes: &mut terms.slopes,
            },
        });
        terms
    }
}

/// Evaluates the terms of as many inputs as the buffers hold.
struct Fill<'a, T> {
    splines: Splines<'a, T>,
    /// `[n_rows, d_input]`.
    x: &'a [T],
    first_input: usize,
    points: Points<'a, T>,
}

impl<T: Real> WithSimd for Fill<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let d_input = self.splines.d_input();
        let n_rows = self.x.len() / d_input;
        let n_inputs = self.points.first.len() / n_rows;
        let mut columns = vec![T::ZERO; n_inputs * n_rows];
        for (row, line) in self.x.chunks_exact(d_input).enumerate() {
            for (input, &x) in line[self.first_input..][..n_inputs].iter().enumerate() {
                columns[input * n_rows + row] = x;
            }
        }
        let n_terms = n_rows * self.splines.n_terms();
        let points = self
            .points
            .first
            .chunks_exact_mut(n_rows)
            .zip(self.points.values.chunks_exact_mut(n_terms));
        let mut slopes = self.points.slopes.chunks_exact_mut(n_terms);
        for (input, (column, (first, values))) in columns.chunks_exact(n_rows).zip(points).enumerate() {
            let slopes = slopes.next().unwrap_or_default();
            let spline = self.splines.of_input(self.first_input + input);
            spline.evaluate(column, Points { first, values, slopes });
        }
    }
}
