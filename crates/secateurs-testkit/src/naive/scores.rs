//! Scores of weights.

/// The magnitude `|W_ij|`.
pub fn magnitude(weight: &[f64]) -> Vec<f64> {
    weight.iter().map(|value| value.abs()).collect()
}

/// Wanda (arXiv 2306.11695, equation 1): `|W_ij| * ||X_j||`.
pub fn wanda(weight: &[f64], norms: &[f64]) -> Vec<f64> {
    let d_input = norms.len();
    weight
        .iter()
        .enumerate()
        .map(|(index, value)| value.abs() * norms[index % d_input])
        .collect()
}

/// RIA: `(|W_ij| / sum_i |W_ij| + |W_ij| / sum_j |W_ij|) * ||X_j||^power`; 0 where a sum is 0.
pub fn ria(weight: &[f64], norms: &[f64], power: f64) -> Vec<f64> {
    let d_input = norms.len();
    let share = |part: f64, whole: f64| if whole == 0.0 { 0.0 } else { part / whole };
    let of_output = |i: usize| {
        weight[i * d_input..][..d_input]
            .iter()
            .map(|value| value.abs())
            .sum::<f64>()
    };
    let of_input = |j: usize| {
        weight
            .iter()
            .skip(j)
            .step_by(d_input)
            .map(|value| value.abs())
            .sum::<f64>()
    };
    let score = |(index, value): (usize, &f64)| {
        let (i, j) = (index / d_input, index % d_input);
        (share(value.abs(), of_input(j)) + share(value.abs(), of_output(i))) * norms[j].powf(power)
    };
    weight.iter().enumerate().map(score).collect()
}
