//! Which basis functions of a B-spline are non-zero at a point, and their values there.

use std::ops::Range;

use rayon::prelude::*;

use super::real::Real;
use crate::spline_beyond::Beyond;

/// The largest degree that the loops exist for.
pub(crate) const MAX_DEGREE: usize = 5;

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

    fn of_input(&self, input: usize) -> &'a [T] {
        &self.knots[input * self.n_knots..][..self.n_knots]
    }
}

/// The spline basis of one input, with what all rows share.
struct Spline<'a, T> {
    knots: &'a [T],
    degree: usize,
    beyond: Beyond,
    /// The knots with `degree` more made up at each end, so that the triangle never has to ask whether there is one.
    padded: Vec<T>,
    /// `[degree, padded]`: one over the length of the support of each function of degree `j`.
    inverse: Vec<T>,
}

/// Where a row falls.
#[derive(Debug, Clone, Copy)]
struct Place<T> {
    /// The first basis function that may be non-zero.
    first: usize,
    /// The interval; none where all functions are zero.
    span: Option<usize>,
    /// The point in the interval where the functions are evaluated.
    at: T,
}

impl<'a, T: Real> Spline<'a, T> {
    fn new(knots: &'a [T], (degree, beyond): (usize, Beyond)) -> Self {
        let n = knots.len();
        let step = |a: usize, b: usize| {
            if knots[b] > knots[a] {
                knots[b] - knots[a]
            } else {
                T::ONE
            }
        };
        let (below, above) = (step(0, n - 1), step(0, n - 1));
        let before = std::iter::repeat_n(knots[0] - below, degree);
        let after = std::iter::repeat_n(knots[n - 1] + above, degree);
        let padded: Vec<T> = before.chain(knots.iter().copied()).chain(after).collect();
        let mut inverse = vec![T::ZERO; degree * padded.len()];
        for (j, inverse) in (1..).zip(inverse.chunks_exact_mut(padded.len())) {
            for (inverse, pair) in inverse.iter_mut().zip(padded.windows(j + 1)) {
                // Not read where the length is 0: an interval of positive length lies in every support that is.
                *inverse = T::ONE / (pair[j] - pair[0]);
            }
        }
        Self {
            knots,
            degree,
            beyond,
            padded,
            inverse,
        }
    }

    #[inline(always)]
    fn place(&self, x: T) -> Place<T> {
        let (knots, degree) = (self.knots, self.degree);
        let n_basis = knots.len() - degree - 1;
        let nowhere = Place {
            first: 0,
            span: None,
            at: x,
        };
        let (last_span, at) = match self.beyond {
            Beyond::Taper if x < knots[0] || x >= knots[knots.len() - 1] || x.is_nan() => return nowhere,
            Beyond::Taper => (knots.len() - 2, x),
            Beyond::Clamp | Beyond::Linear => {
                let (low, high) = (knots[degree], knots[n_basis]);
                let at = if x < low { low } else { x };
                (n_basis - 1, if at > high { high } else { at })
            }
        };
        match self.span(at, last_span) {
            Some(span) => Place {
                first: span.saturating_sub(degree).min(n_basis - degree - 1),
                span: Some(span),
                at,
            },
            None => nowhere,
        }
    }

    /// The last interval of positive length that begins at or before `x`, up to `last`.
    #[inline(always)]
    fn span(&self, x: T, last: usize) -> Option<usize> {
        let knots = self.knots;
        let after = knots.partition_point(|&knot| knot <= x);
        let begin = after.saturating_sub(1).min(last);
        (0..=begin).rev().find(|&span| knots[span] < knots[span + 1])
    }

    /// Writes the values and slopes of the `D + 1` functions from the first one of the place on; all others are zero.
    #[inline(always)]
    fn evaluate<const D: usize>(&self, x: T, place: Place<T>, (values, slopes): (&mut [T], &mut [T])) {
        let (values, slopes) = (&mut values[..=D], &mut slopes[..=D]);
        if x.is_nan() {
            values.fill(T::NAN);
            slopes.fill(T::NAN);
            return;
        }
        let Some(span) = place.span else { return };
        let (b, d) = self.triangle::<D>(place.at, span);
        let shift = match self.beyond {
            Beyond::Linear => x - place.at,
            _ => T::ZERO,
        };
        let flat = self.beyond == Beyond::Clamp && place.at != x;
        // Near the ends some functions of the interval do not exist.
        let lowest = span as isize - D as isize;
        for j in 0..=D {
            let k = place.first as isize + j as isize - lowest;
            if let Some((value, slope)) = usize::try_from(k).ok().and_then(|k| Some((b.get(k)?, d.get(k)?))) {
                values[j] = *value + shift * *slope;
                slopes[j] = if flat { T::ZERO } else { *slope };
            }
        }
    }

    /// De Boor's triangle: values and slopes of the functions that an interval carries.
    #[inline(always)]
    fn triangle<const D: usize>(&self, x: T, span: usize) -> ([T; MAX_DEGREE + 1], [T; MAX_DEGREE + 1]) {
        let (mut b, mut d) = ([T::ZERO; MAX_DEGREE + 1], [T::ZERO; MAX_DEGREE + 1]);
        b[0] = T::ONE;
        if D == 0 {
            return (b, d);
        }
        // From the knot D - 1 before the interval on.
        let knots = &self.padded[span + 1..][..2 * D];
        for j in 1..=D {
            let inverse = &self.inverse[(j - 1) * self.padded.len() + span + 1 + D - j..][..j];
            let (mut saved, mut former) = (T::ZERO, T::ZERO);
            for r in 0..j {
                let (right, left) = (knots[D + r] - x, x - knots[D - j + r]);
                let share = b[r] * inverse[r];
                b[r] = saved + right * share;
                saved = left * share;
                d[r] = former - share;
                former = share;
            }
            b[j] = saved;
            d[j] = former;
        }
        // Only the last round's differences are the slopes, times the degree.
        let degree = T::count(D);
        d.iter_mut().for_each(|slope| *slope = *slope * degree);
        (b, d)
    }
}

/// The non-zero terms of the functions of every edge for a block of rows, `n_terms` each: `degree + 1` basis functions
/// and SiLU.
///
/// For each input the rows are sorted by the first of their basis functions: rows of a group read the same coefficients.
#[derive(Debug)]
pub(crate) struct Terms<T> {
    n_rows: usize,
    n_terms: usize,
    /// `[d_input, n_rows]`: rows in sorted order.
    rows: Vec<u32>,
    /// `[d_input, n_rows]`: their first basis function.
    first: Vec<u32>,
    /// `[d_input, n_rows, n_terms]`, in sorted order.
    values: Vec<T>,
    /// Derivatives of `values`.
    slopes: Vec<T>,
}

/// Rows of one input with the same non-zero basis functions.
pub(crate) struct Group<'a, T> {
    pub(crate) first: usize,
    pub(crate) rows: &'a [u32],
    /// `[rows, n_terms]`.
    pub(crate) values: &'a [T],
    pub(crate) slopes: &'a [T],
}

impl<T: Real> Terms<T> {
    /// `x`: `[n_rows, d_input]`.
    pub(crate) fn new(splines: Splines<'_, T>, x: &[T]) -> Self {
        let d_input = splines.d_input();
        let (n_rows, n_terms) = (x.len() / d_input, splines.degree + 2);
        let mut terms = Self {
            n_rows,
            n_terms,
            rows: vec![0; x.len()],
            first: vec![0; x.len()],
            values: vec![T::ZERO; x.len() * n_terms],
            slopes: vec![T::ZERO; x.len() * n_terms],
        };
        if n_rows == 0 {
            return terms;
        }
        let per_input = (&mut terms.rows, &mut terms.first, &mut terms.values, &mut terms.slopes);
        let chunks = (
            per_input.0.par_chunks_mut(n_rows),
            per_input.1.par_chunks_mut(n_rows),
            per_input.2.par_chunks_mut(n_rows * n_terms),
            per_input.3.par_chunks_mut(n_rows * n_terms),
        );
        chunks
            .into_par_iter()
            .enumerate()
            .with_min_len(2048_usize.div_ceil(n_rows))
            .for_each(|(input, (rows, first, values, slopes))| {
                let column: Vec<T> = x.iter().skip(input).step_by(d_input).copied().collect();
                let spline = Spline::new(splines.of_input(input), (splines.degree, splines.beyond));
                fill(&spline, &column, (rows, first), (values, slopes));
            });
        terms
    }

    pub(crate) fn n_rows(&self) -> usize {
        self.n_rows
    }

    pub(crate) fn n_terms(&self) -> usize {
        self.n_terms
    }

    pub(crate) fn d_input(&self) -> usize {
        self.rows.len() / self.n_rows
    }

    /// The groups of an input in ascending order of their first basis function.
    pub(crate) fn groups(&self, input: usize) -> impl Iterator<Item = Group<'_, T>> {
        let all = input * self.n_rows..(input + 1) * self.n_rows;
        let first = &self.first[all.clone()];
        let mut begin = 0;
        first.chunk_by(|a, b| a == b).map(move |same| {
            let range = all.start + begin..all.start + begin + same.len();
            begin += same.len();
            self.group(range)
        })
    }

    fn group(&self, range: Range<usize>) -> Group<'_, T> {
        let terms = range.start * self.n_terms..range.end * self.n_terms;
        Group {
            first: self.first[range.start] as usize,
            rows: &self.rows[range],
            values: &self.values[terms.clone()],
            slopes: &self.slopes[terms],
        }
    }
}

/// The terms of one input, sorted.
fn fill<T: Real>(
    spline: &Spline<'_, T>,
    column: &[T],
    (rows, first): (&mut [u32], &mut [u32]),
    terms: (&mut [T], &mut [T]),
) {
    let n_firsts = spline.knots.len() - 2 * spline.degree - 1;
    let places: Vec<Place<T>> = column.iter().map(|&x| spline.place(x)).collect();
    let mut begins = vec![0_usize; n_firsts + 1];
    places.iter().for_each(|place| begins[place.first + 1] += 1);
    for index in 1..begins.len() {
        begins[index] += begins[index - 1];
    }
    for (row, place) in places.iter().enumerate() {
        let at = &mut begins[place.first];
        (rows[*at], first[*at]) = (row as u32, place.first as u32);
        *at += 1;
    }
    match spline.degree {
        0 => evaluate::<T, 0>(spline, (column, &places), rows, terms),
        1 => evaluate::<T, 1>(spline, (column, &places), rows, terms),
        2 => evaluate::<T, 2>(spline, (column, &places), rows, terms),
        3 => evaluate::<T, 3>(spline, (column, &places), rows, terms),
        4 => evaluate::<T, 4>(spline, (column, &places), rows, terms),
        _ => evaluate::<T, 5>(spline, (column, &places), rows, terms),
    }
}

fn evaluate<T: Real, const D: usize>(
    spline: &Spline<'_, T>,
    (column, places): (&[T], &[Place<T>]),
    rows: &[u32],
    (values, slopes): (&mut [T], &mut [T]),
) {
    let terms = values.chunks_exact_mut(D + 2).zip(slopes.chunks_exact_mut(D + 2));
    for (&row, (values, slopes)) in rows.iter().zip(terms) {
        let x = column[row as usize];
        spline.evaluate::<D>(x, places[row as usize], (values, slopes));
        let sigmoid = x.sigmoid();
        values[D + 1] = x * sigmoid;
        slopes[D + 1] = sigmoid * (T::ONE + x * (T::ONE - sigmoid));
    }
}
