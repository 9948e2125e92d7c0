//! Knots of splines, one row for each input of a layer.

use burn::tensor::DType;

use crate::scaling::bulk::{Coverage, bulk};
use crate::scaling::precision::{epsilon, rounded};
use crate::{KanError, Result};

/// Least distance of neighbouring interior knots, relative to the range of most values.
const LEAST_GAP: f64 = 1e-3;

/// Knots in ascending order: `degree` below, `n_intervals + 1` interior ones, `degree` above.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// Knots, `[d_input, n_intervals + 2 * degree + 1]`.
    knots: Vec<f64>,
    d_input: usize,
    degree: usize,
}

impl Grid {
    /// A grid of equidistant knots, alike for each input: `range` cut into intervals.
    ///
    /// # Errors
    ///
    /// If the range is empty or not finite, or there is no interval or input.
    pub fn uniform(d_input: usize, degree: usize, n_intervals: usize, range: [f64; 2]) -> Result<Self> {
        let interior: Vec<f64> = (0..=n_intervals)
            .map(|k| range[0] + (range[1] - range[0]) * k as f64 / n_intervals as f64)
            .collect();
        let knots = extend(&interior, degree).repeat(d_input);
        Self::from_knots(knots, d_input, degree)
    }

    /// The grid of these knots, `[d_input, n_knots]`.
    ///
    /// # Errors
    ///
    /// If they do not ascend strictly, are not finite, or are fewer than `2 * degree + 2` for each input.
    pub fn from_knots(knots: Vec<f64>, d_input: usize, degree: usize) -> Result<Self> {
        let n_knots = knots.len() / d_input.max(1);
        if n_knots < 2 * degree + 2 || knots.len() != n_knots * d_input {
            return Err(KanError::BadKnots { input: 0 });
        }
        for (input, knots) in knots.chunks_exact(n_knots).enumerate() {
            let ascend = knots.windows(2).all(|pair| pair[0] < pair[1]);
            if !ascend || !knots.iter().all(|knot| knot.is_finite()) {
                return Err(KanError::BadKnots { input });
            }
        }
        Ok(Self { knots, d_input, degree })
    }

    /// A grid whose interior knots follow the data: a mixture of equal distances (share `uniform`) and equal counts.
    ///
    /// The first and the last knot are values of the column, its least and greatest but for outliers: up to one in
    /// twenty at either end that are further from the rest than twice its range. Equal distances divide the range of
    /// the middle half of the values and all values near it, so that knots lie where most values are, whatever a few
    /// are. Interior knots keep a least distance of a thousandth of that range, so that columns with two or with
    /// repeated values give a usable grid, too. A constant column keeps the knots that it has.
    pub fn following(&self, columns: &[Vec<f64>], n_intervals: usize, uniform: f64) -> Self {
        let mut knots = Vec::new();
        for (input, column) in columns.iter().enumerate() {
            let mut sorted = column.clone();
            sorted.sort_by(f64::total_cmp);
            let interior = match (sorted.first(), sorted.last()) {
                (Some(&low), Some(&high)) if low < high => quantile_knots(&sorted, n_intervals, uniform),
                _ => resample(self.interior(input), n_intervals),
            };
            knots.extend(extend(&interior, self.degree));
        }
        Self {
            knots,
            d_input: self.d_input,
            degree: self.degree,
        }
    }

    /// A grid of the same range with another number of intervals: new interior knots lie between the old ones in
    /// proportion.
    pub fn refined(&self, n_intervals: usize) -> Self {
        let of_input = |input| extend(&resample(self.interior(input), n_intervals), self.degree);
        Self {
            knots: (0..self.d_input).flat_map(of_input).collect(),
            d_input: self.d_input,
            degree: self.degree,
        }
    }

    /// A grid whose knots stay distinct at the precision of `dtype`: coinciding knots of an input are moved apart,
    /// around the middle of its range.
    pub(crate) fn resolved(&self, dtype: DType) -> Self {
        let of_input = |input| {
            let knots = self.of_input(input);
            if rounded(knots, dtype).windows(2).all(|pair| pair[0] < pair[1]) {
                return knots.to_vec();
            }
            let interior = self.interior(input);
            let n = self.n_intervals();
            let (low, high) = (interior[0], interior[n]);
            let largest = knots.iter().fold(0.0, |largest: f64, knot| largest.max(knot.abs()));
            let step = ((high - low) / n as f64).max(8.0 * epsilon(dtype) * largest);
            let middle = 0.5 * (low + high) - 0.5 * n as f64 * step;
            let even: Vec<f64> = (0..=n).map(|k| middle + k as f64 * step).collect();
            extend(&even, self.degree)
        };
        Self {
            knots: (0..self.d_input).flat_map(of_input).collect(),
            d_input: self.d_input,
            degree: self.degree,
        }
    }

    /// All knots, `[d_input, n_knots]`.
    pub fn knots(&self) -> &[f64] {
        &self.knots
    }

    /// The knots of an input.
    pub fn of_input(&self, input: usize) -> &[f64] {
        let n = self.n_knots();
        &self.knots[input * n..][..n]
    }

    /// The interior knots of an input.
    pub fn interior(&self, input: usize) -> &[f64] {
        let knots = self.of_input(input);
        &knots[self.degree..knots.len() - self.degree]
    }

    /// Number of inputs.
    pub fn d_input(&self) -> usize {
        self.d_input
    }

    /// Degree of the splines.
    pub fn degree(&self) -> usize {
        self.degree
    }

    /// Knots of each input.
    pub fn n_knots(&self) -> usize {
        self.knots.len() / self.d_input
    }

    /// Intervals between the interior knots.
    pub fn n_intervals(&self) -> usize {
        self.n_knots() - 2 * self.degree - 1
    }

    /// Basis functions of each input.
    pub fn n_basis(&self) -> usize {
        self.n_knots() - self.degree - 1
    }

    /// The grid of some of the inputs.
    pub fn select(&self, inputs: &[usize]) -> Self {
        Self {
            knots: inputs.iter().flat_map(|&input| self.of_input(input).to_vec()).collect(),
            d_input: inputs.len(),
            degree: self.degree,
        }
    }

    /// Values of the functions of an input at a point, `[n_basis]`, tapering beyond the interior knots.
    pub fn basis(&self, input: usize, x: f64) -> Vec<f64> {
        let knots = self.of_input(input);
        let mut values: Vec<f64> = knots
            .windows(2)
            .map(|pair| f64::from(u8::from(pair[0] <= x && x < pair[1])))
            .collect();
        for j in 1..=self.degree {
            values = (0..values.len() - 1)
                .map(|m| {
                    let left = (x - knots[m]) / (knots[m + j] - knots[m]) * values[m];
                    let right = (knots[m + j + 1] - x) / (knots[m + j + 1] - knots[m + 1]) * values[m + 1];
                    left + right
                })
                .collect();
        }
        values
    }
}

/// Interior knots and `degree` more on each side at their mean distance.
fn extend(interior: &[f64], degree: usize) -> Vec<f64> {
    let (low, high) = (interior[0], interior[interior.len() - 1]);
    let step = (high - low) / (interior.len() - 1) as f64;
    let below = (1..=degree).rev().map(|k| low - k as f64 * step);
    let above = (1..=degree).map(|k| high + k as f64 * step);
    below.chain(interior.iter().copied()).chain(above).collect()
}

/// Interior knots by linear interpolation of the old ones over their index.
fn resample(interior: &[f64], n_intervals: usize) -> Vec<f64> {
    let last = interior.len() - 1;
    (0..=n_intervals)
        .map(|k| {
            let at = k as f64 * last as f64 / n_intervals as f64;
            let left = (at as usize).min(last - 1);
            interior[left] + (at - left as f64) * (interior[left + 1] - interior[left])
        })
        .collect()
}

fn quantile_knots(sorted: &[f64], n_intervals: usize, uniform: f64) -> Vec<f64> {
    let [low, high] = bulk(sorted, Coverage::Nearly);
    let [least, greatest] = bulk(sorted, Coverage::Half);
    let covered: Vec<f64> = sorted.iter().copied().filter(|x| (low..=high).contains(x)).collect();
    let inside = |k: usize| {
        let even = least + (greatest - least) * k as f64 / n_intervals as f64;
        uniform * even + (1.0 - uniform) * covered[covered.len() * k / n_intervals]
    };
    // The ends are values of the column, to the last bit.
    let mixed = (0..=n_intervals).map(|k| match k {
        0 => low,
        k if k == n_intervals => high,
        k => inside(k),
    });
    spread(
        mixed.collect(),
        LEAST_GAP.min(0.5 / n_intervals as f64) * (greatest - least),
    )
}

/// Moves knots apart to the least gap; the first and the last stay.
fn spread(mut knots: Vec<f64>, gap: f64) -> Vec<f64> {
    let last = knots.len() - 1;
    for k in 1..last {
        knots[k] = knots[k].max(knots[k - 1] + gap);
    }
    for k in (1..last).rev() {
        knots[k] = knots[k].min(knots[k + 1] - gap);
    }
    knots
}
