//! Applies a formula to every weight, outputs in parallel.

use rayon::prelude::*;
use secateurs_tensor::WeightMatrix;

/// `formula(output, input, weight)` of every weight, `[d_output, d_input]`.
pub(crate) fn per_weight(weight: &WeightMatrix, formula: impl Fn(usize, usize, f32) -> f32 + Sync) -> Vec<f32> {
    let d_input = weight.d_input();
    let mut scores = vec![0.0; weight.len()];
    if scores.is_empty() {
        return scores;
    }
    scores
        .par_chunks_exact_mut(d_input)
        .enumerate()
        .for_each(|(output, scores)| {
            for (input, (score, value)) in scores.iter_mut().zip(weight.output(output)).enumerate() {
                *score = formula(output, input, *value);
            }
        });
    scores
}
