//! Root-mean-square normalisation of rows and its derivative.

use rayon::prelude::*;

use super::scalar::sum_zip;

/// Elements of one task; fixed, so that the sums over rows do not depend on the number of threads.
const CHUNK: usize = 32 * 1024;

fn rows_per_task(weight: &[f32]) -> usize {
    (CHUNK / weight.len()).max(1)
}

/// Normalises each row of `weight.len()` elements: `x = x * weight / sqrt(mean(x^2) + eps)`.
pub(crate) fn forward(x: &mut [f32], weight: &[f32], eps: f32) {
    let chunk = rows_per_task(weight) * weight.len();
    x.par_chunks_mut(chunk).for_each(|x| normalise(x, weight, eps));
}

/// Replaces the derivative by the result with the derivative by `x`, and returns the derivative by `weight`.
pub(crate) fn backward(x: &[f32], weight: &[f32], eps: f32, grad: &mut [f32]) -> Vec<f32> {
    let chunk = rows_per_task(weight) * weight.len();
    let tasks = x.par_chunks(chunk).zip(grad.par_chunks_mut(chunk)).map(|(x, grad)| {
        let mut d_weight = vec![0.0; weight.len()];
        derive(Forward { x, weight, eps }, grad, &mut d_weight);
        d_weight
    });
    let partial_sums: Vec<Vec<f32>> = tasks.collect();
    let mut d_weight = vec![0.0; weight.len()];
    for partial in partial_sums {
        d_weight.iter_mut().zip(partial).for_each(|(sum, x)| *sum += x);
    }
    d_weight
}

/// The inputs of the forward pass.
struct Forward<'a> {
    x: &'a [f32],
    weight: &'a [f32],
    eps: f32,
}

#[inline(always)]
fn inverse_rms(x: &[f32], eps: f32) -> f32 {
    let mean_square = sum_zip(x, x, |a, b| a * b) / x.len() as f32;
    1.0 / (mean_square + eps).sqrt()
}

vectorised! {
    fn normalise(x: &'a mut [f32], weight: &'a [f32], eps: f32) {
        for x in x.chunks_exact_mut(weight.len()) {
            let inverse = inverse_rms(x, eps);
            for (x, &weight) in x.iter_mut().zip(weight) {
                *x = *x * inverse * weight;
            }
        }
    }

    fn derive(forward: Forward<'a>, grad: &'a mut [f32], d_weight: &'a mut [f32]) {
        let Forward { x, weight, eps } = forward;
        for (x, grad) in x.chunks_exact(weight.len()).zip(grad.chunks_exact_mut(weight.len())) {
            let inverse = inverse_rms(x, eps);
            for (((grad, d_weight), &weight), &x) in grad.iter_mut().zip(d_weight.iter_mut()).zip(weight).zip(x) {
                *d_weight += *grad * x * inverse;
                *grad *= weight;
            }
            let projection = sum_zip(grad, x, |a, b| a * b) / x.len() as f32 * inverse * inverse;
            for (grad, &x) in grad.iter_mut().zip(x) {
                *grad = (*grad - x * projection) * inverse;
            }
        }
    }
}
