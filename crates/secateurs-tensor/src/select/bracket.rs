//! An interval that holds the cut of a selection, found from a sample.

use crate::select::key::{key, value_of};

/// One value in this many is sampled.
pub(crate) const SAMPLE_SPACING: usize = 128;
pub(crate) const MIN_SAMPLE: usize = 1 << 10;
pub(crate) const MAX_SAMPLE: usize = 1 << 15;

/// An interval of values, ends included; `low <= high`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bracket {
    pub(crate) low: f32,
    pub(crate) high: f32,
}

impl Bracket {
    pub(crate) const EVERYTHING: Self = Self {
        low: f32::NEG_INFINITY,
        high: f32::INFINITY,
    };

    /// An interval that almost surely holds the `rank`-th smallest value: a sampled rank has a standard deviation of at
    /// most `sqrt(n_sampled) / 2`, and each end lies four of them away from it.
    pub(crate) fn sampled(parts: &[&[f32]], rank: usize) -> Self {
        let total: usize = parts.iter().map(|part| part.len()).sum();
        let mut keys = sample(parts, total);
        let n_sampled = keys.len();
        let centre = (rank as f64 / total as f64 * n_sampled as f64) as usize;
        let margin = 2 * n_sampled.isqrt() + 1;
        let high = if centre + margin < n_sampled {
            value_of(*keys.select_nth_unstable(centre + margin).1)
        } else {
            f32::INFINITY
        };
        let low = match centre.checked_sub(margin) {
            Some(position) => value_of(*keys.select_nth_unstable(position).1),
            None => f32::NEG_INFINITY,
        };
        Self { low, high }
    }
}

/// Keys at scattered positions, from every part in proportion to its length; NaN is left out.
fn sample(parts: &[&[f32]], total: usize) -> Vec<i32> {
    let n_sampled = (total / SAMPLE_SPACING).clamp(MIN_SAMPLE, MAX_SAMPLE);
    let mut keys = Vec::with_capacity(n_sampled + parts.len());
    for part in parts {
        let share = (part.len() as u128 * n_sampled as u128).div_ceil(total as u128) as u64;
        // A multiplicative hash scatters the positions; equal steps would fall in with the width of a matrix.
        let positions = (0..share).map(|step| scatter(step.wrapping_add(1), part.len()));
        keys.extend(
            positions
                .map(|position| part[position])
                .filter(|value| !value.is_nan())
                .map(key),
        );
    }
    keys
}

pub(crate) fn scatter(step: u64, len: usize) -> usize {
    let hash = step.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    ((u128::from(hash) * len as u128) >> 64) as usize
}
