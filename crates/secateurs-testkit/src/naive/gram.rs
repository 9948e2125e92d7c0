//! Statistics of activations.

/// The Gram matrix `G = X^T X`, `[d_input, d_input]`.
pub fn gram(inputs: &[f64], d_input: usize) -> Vec<f64> {
    let mut gram = vec![0.0; d_input * d_input];
    for token in inputs.chunks_exact(d_input) {
        for i in 0..d_input {
            for j in 0..d_input {
                gram[i * d_input + j] += token[i] * token[j];
            }
        }
    }
    gram
}

/// The norm `||X_j||` of each input.
pub fn l2_norms(inputs: &[f64], d_input: usize) -> Vec<f64> {
    (0..d_input)
        .map(|j| {
            inputs
                .chunks_exact(d_input)
                .map(|token| token[j] * token[j])
                .sum::<f64>()
                .sqrt()
        })
        .collect()
}

/// Mean over tokens, per input.
pub fn mean(inputs: &[f64], d_input: usize) -> Vec<f64> {
    let n_tokens = (inputs.len() / d_input) as f64;
    (0..d_input)
        .map(|j| inputs.chunks_exact(d_input).map(|token| token[j]).sum::<f64>() / n_tokens)
        .collect()
}
