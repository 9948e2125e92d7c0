//! Floats as integers of the same order, and the search for NaN.

use rayon::prelude::*;

/// Elements that one task takes.
pub(crate) const CHUNK: usize = 1 << 16;

/// Maps floats to integers that order like them; -0.0 and +0.0 give the same key. NaN has no place in the order.
#[inline(always)]
pub(crate) fn key(value: f32) -> i32 {
    // Adding zero turns -0.0 into +0.0 and changes nothing else.
    let bits = (value + 0.0).to_bits() as i32;
    flip_negative(bits)
}

/// The float of a key.
#[inline(always)]
pub(crate) fn value_of(key: i32) -> f32 {
    f32::from_bits(flip_negative(key) as u32)
}

/// Reverses the order of the negative bit patterns; its own inverse.
#[inline(always)]
fn flip_negative(bits: i32) -> i32 {
    bits ^ (((bits >> 31) as u32) >> 1) as i32
}

/// Position of the first NaN.
pub(crate) fn first_nan(values: &[f32]) -> Option<usize> {
    let chunk = if values.len() <= CHUNK {
        holds_nan(values).then_some(0)
    } else {
        values.par_chunks(CHUNK).position_first(holds_nan)
    }?;
    let start = chunk * CHUNK;
    values[start..]
        .iter()
        .position(|value| value.is_nan())
        .map(|offset| start + offset)
}

/// Whether any value is NaN, without leaving the loop early, so that it vectorises.
fn holds_nan(values: &[f32]) -> bool {
    values.iter().fold(false, |found, value| found | value.is_nan())
}
