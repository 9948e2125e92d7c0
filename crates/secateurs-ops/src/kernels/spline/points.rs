//! The basis functions of one input of a layer at many points, eight points at a time.
#![allow(clippy::needless_range_loop)] // arrays of one length are indexed together

use crate::kernels::real::Real;
use crate::spline_beyond::Beyond;

/// Largest degree that the loops are compiled for.
pub(crate) const MAX_DEGREE: usize = 5;

/// Number of points that pass the recursion together: loops over them become vector instructions.
const LANES: usize = 8;

/// Largest number of knots that are counted one by one; more are bisected.
const COUNTED_KNOTS: usize = 48;

type Lanes<T> = [T; LANES];

/// The spline basis of one input.
pub(super) struct Spline<'a, T> {
    knots: &'a [T],
    degree: usize,
    beyond: Beyond,
    /// The knots with `degree` more made up at each end, so that the triangle never has to ask whether there is one.
    padded: Vec<T>,
    /// The last interval that is not empty up to each interval, if there is one.
    not_empty: Vec<u32>,
}

/// Mark of a missing interval.
const NONE: u32 = u32::MAX;

/// The terms at each point: `values` and `slopes` have `degree + 2` entries for each, the basis functions from `first`
/// on and SiLU. The slopes may be left out.
pub(super) struct Points<'a, T> {
    pub(super) first: &'a mut [u32],
    pub(super) values: &'a mut [T],
    pub(super) slopes: &'a mut [T],
}

/// Positions of the points among the knots.
struct Places<T> {
    /// The first basis functions that may be non-zero.
    first: [u32; LANES],
    /// The intervals.
    span: [usize; LANES],
    /// The points in them where the functions are evaluated.
    at: Lanes<T>,
    /// The function of degree 0: one, zero where all functions are zero, or NaN.
    start: Lanes<T>,
}

impl<'a, T: Real> Spline<'a, T> {
    pub(super) fn new(knots: &'a [T], (degree, beyond): (usize, Beyond)) -> Self {
        let (low, high) = (knots[0], knots[knots.len() - 1]);
        let step = if high > low { high - low } else { T::ONE };
        let before = std::iter::repeat_n(low - step, degree);
        let after = std::iter::repeat_n(high + step, degree);
        let mut latest = NONE;
        let not_empty = (0..).zip(knots.windows(2)).map(|(span, pair)| {
            latest = if pair[0] < pair[1] { span } else { latest };
            latest
        });
        Self {
            not_empty: not_empty.collect(),
            knots,
            degree,
            beyond,
            padded: before.chain(knots.iter().copied()).chain(after).collect(),
        }
    }

    /// Evaluates all terms at the points `x`.
    #[inline(always)]
    pub(super) fn evaluate(&self, x: &[T], points: Points<'_, T>) {
        match self.degree {
            0 => self.evaluate_degree::<0>(x, points),
            1 => self.evaluate_degree::<1>(x, points),
            2 => self.evaluate_degree::<2>(x, points),
            3 => self.evaluate_degree::<3>(x, points),
            4 => self.evaluate_degree::<4>(x, points),
            _ => self.evaluate_degree::<5>(x, points),
        }
    }

    #[inline(always)]
    fn evaluate_degree<const D: usize>(&self, x: &[T], points: Points<'_, T>) {
        let n_terms = LANES * (D + 2);
        let mut values = points.values.chunks_mut(n_terms);
        let mut slopes = points.slopes.chunks_mut(n_terms);
        for (some, first) in x.chunks(LANES).zip(points.first.chunks_mut(LANES)) {
            let mut x = [some[0]; LANES];
            x[..some.len()].copy_from_slice(some);
            let places = self.places::<D>(&x);
            first.copy_from_slice(&places.first[..some.len()]);
            let (b, d) = self.functions::<D>(&x, &places);
            let (silu, silu_slope) = silu(&x);
            if let Some(values) = values.next() {
                scatter::<T, D>(&places, (&b, &silu), values);
            }
            if let Some(slopes) = slopes.next() {
                scatter::<T, D>(&places, (&d, &silu_slope), slopes);
            }
        }
    }

    #[inline(always)]
    fn places<const D: usize>(&self, x: &Lanes<T>) -> Places<T> {
        let knots = self.knots;
        let n_basis = knots.len() - D - 1;
        let (low, high, last) = match self.beyond {
            Beyond::Taper => (knots[0], knots[knots.len() - 1], knots.len() - 2),
            Beyond::Clamp | Beyond::Linear => (knots[D], knots[n_basis], n_basis - 1),
        };
        let (mut at, mut start) = (*x, [T::ONE; LANES]);
        for l in 0..LANES {
            at[l] = if at[l] < low { low } else { at[l] };
            at[l] = if at[l] > high { high } else { at[l] };
        }
        if self.beyond == Beyond::Taper {
            for l in 0..LANES {
                // At the last knot the functions have ended, too.
                start[l] = if x[l] >= low { T::ONE } else { T::ZERO };
                start[l] = if x[l] < high { start[l] } else { T::ZERO };
            }
        }
        let begun = self.count_begun(&at);
        let (mut span, mut first) = ([0; LANES], [0; LANES]);
        for l in 0..LANES {
            let found = self.not_empty[begun[l].saturating_sub(1).min(last)];
            start[l] = if found == NONE { T::ZERO } else { start[l] };
            // A NaN has no place; any will do.
            span[l] = if begun[l] == 0 || found == NONE {
                D
            } else {
                found as usize
            };
            first[l] = span[l].saturating_sub(D).min(n_basis - D - 1) as u32;
        }
        for l in 0..LANES {
            start[l] = if x[l].is_nan() { T::NAN } else { start[l] };
        }
        Places { first, span, at, start }
    }

    /// Knots at or before the points.
    #[inline(always)]
    fn count_begun(&self, at: &Lanes<T>) -> [usize; LANES] {
        let mut begun = [0; LANES];
        if self.knots.len() > COUNTED_KNOTS {
            for l in 0..LANES {
                begun[l] = self.knots.partition_point(|&knot| knot <= at[l]);
            }
            return begun;
        }
        let mut counts = [T::ZERO; LANES];
        for &knot in self.knots {
            for l in 0..LANES {
                counts[l] += if knot <= at[l] { T::ONE } else { T::ZERO };
            }
        }
        for l in 0..LANES {
            begun[l] = counts[l].to_count();
        }
        begun
    }

    /// Values and slopes of the `D + 1` functions that the intervals carry.
    #[inline(always)]
    fn functions<const D: usize>(
        &self,
        x: &Lanes<T>,
        places: &Places<T>,
    ) -> ([Lanes<T>; MAX_DEGREE + 1], [Lanes<T>; MAX_DEGREE + 1]) {
        // From D - 1 before the interval on.
        let mut knots = [[T::ZERO; LANES]; 2 * MAX_DEGREE];
        for l in 0..LANES {
            let from = &self.padded[places.span[l] + 1..][..2 * D];
            for j in 0..2 * D {
                knots[j][l] = from[j];
            }
        }
        let (mut b, mut d) = triangle::<T, D>(&knots, &places.at, places.start);
        let (mut shift, mut factor) = ([T::ZERO; LANES], [T::count(D); LANES]);
        for l in 0..LANES {
            match self.beyond {
                Beyond::Taper => {}
                Beyond::Clamp => factor[l] = if x[l] == places.at[l] { factor[l] } else { T::ZERO },
                Beyond::Linear => shift[l] = x[l] - places.at[l],
            }
        }
        for j in 0..=D {
            for l in 0..LANES {
                d[j][l] = d[j][l] * factor[l];
                b[j][l] += shift[l] * d[j][l];
            }
        }
        (b, d)
    }
}

/// Computes de Boor's triangle from the function of degree 0: the functions of degree `D`, and their slopes but for a
/// factor `D`: the differences of the functions of degree `D - 1` over the lengths of their supports.
#[inline(always)]
fn triangle<T: Real, const D: usize>(
    knots: &[Lanes<T>; 2 * MAX_DEGREE],
    x: &Lanes<T>,
    start: Lanes<T>,
) -> ([Lanes<T>; MAX_DEGREE + 1], [Lanes<T>; MAX_DEGREE + 1]) {
    let zero = [T::ZERO; LANES];
    let (mut b, mut d) = ([zero; MAX_DEGREE + 1], [zero; MAX_DEGREE + 1]);
    b[0] = start;
    for j in 1..=D {
        let (mut saved, mut former) = (zero, zero);
        for r in 0..j {
            for l in 0..LANES {
                let (upper, lower) = (knots[D + r][l], knots[D - j + r][l]);
                let length = upper - lower;
                // Zero only where there is no interval: one of positive length lies in every support that is.
                let length = if length > T::ZERO { length } else { T::ONE };
                let share = b[r][l] / length;
                b[r][l] = saved[l] + (upper - x[l]) * share;
                saved[l] = (x[l] - lower) * share;
                d[r][l] = former[l] - share;
                former[l] = share;
            }
        }
        (b[j], d[j]) = (saved, former);
    }
    (b, d)
}

/// Computes `x / (1 + exp(-x))` and its derivative.
#[inline(always)]
fn silu<T: Real>(x: &Lanes<T>) -> (Lanes<T>, Lanes<T>) {
    let (mut value, mut slope) = ([T::ZERO; LANES], [T::ZERO; LANES]);
    for l in 0..LANES {
        let sigmoid = x[l].sigmoid();
        value[l] = x[l] * sigmoid;
        slope[l] = sigmoid * (T::ONE + x[l] * (T::ONE - sigmoid));
    }
    (value, slope)
}

/// Writes the terms point by point: the functions from the first one on, even those without an interval near the ends,
/// and SiLU.
#[inline(always)]
fn scatter<T: Real, const D: usize>(
    places: &Places<T>,
    (functions, silu): (&[Lanes<T>; MAX_DEGREE + 1], &Lanes<T>),
    out: &mut [T],
) {
    let mut around = [[T::ZERO; LANES]; 3 * MAX_DEGREE + 1];
    around[D..=2 * D].copy_from_slice(&functions[..=D]);
    for (l, out) in out.chunks_exact_mut(D + 2).enumerate() {
        // The first function that the interval carries is span - D.
        let begin = 2 * D + places.first[l] as usize - places.span[l];
        for (out, lanes) in out.iter_mut().zip(&around[begin..=begin + D]) {
            *out = lanes[l];
        }
        out[D + 1] = silu[l];
    }
}
