//! Loops over host vectors, in an order that does not depend on the number of threads.

use rayon::prelude::*;

use super::quantised::BLOCK;
use super::stored::{Stored, TASK};

pub(crate) fn added(mut values: Vec<f32>, dual: &Stored) -> Vec<f32> {
    values.par_chunks_mut(TASK).enumerate().for_each(|(task, values)| {
        let mut u = [0.0; BLOCK];
        for (block, values) in values.chunks_mut(BLOCK).enumerate() {
            let u = &mut u[..values.len()];
            dual.load(task * TASK + block * BLOCK, u);
            values.iter_mut().zip(u).for_each(|(value, u)| *value += *u);
        }
    });
    values
}

pub(crate) fn masked(values: &[f32], keep: &[bool]) -> Vec<f32> {
    // A kept zero loses its sign.
    let kept = |(value, keep): (&f32, &bool)| if *keep { value + 0.0 } else { 0.0 };
    values.par_iter().zip(keep).map(kept).collect()
}

/// The sum of squares, in a fixed order.
pub(crate) fn squares(values: &[f32]) -> f64 {
    sum_of(values, values, |a, _| f64::from(a) * f64::from(a))
}

pub(crate) fn distance(a: &[f32], b: &[f32]) -> f64 {
    sum_of(a, b, |a, b| (f64::from(a) - f64::from(b)).powi(2)).sqrt()
}

fn sum_of(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f64 + Sync) -> f64 {
    let sums: Vec<f64> = a
        .par_chunks(TASK)
        .zip(b.par_chunks(TASK))
        .map(|(a, b)| a.iter().zip(b).map(|(a, b)| term(*a, *b)).sum())
        .collect();
    sums.iter().sum()
}
