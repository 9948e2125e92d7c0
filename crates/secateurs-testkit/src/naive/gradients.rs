//! Gradients by finite differences, and the scores made from gradients.

/// The gradient of `loss` at `weights` by central differences of `step`; exact up to rounding for quadratic losses.
pub fn gradient(loss: impl Fn(&[f64]) -> f64, weights: &[f64], step: f64) -> Vec<f64> {
    let moved = |index: usize, step: f64| {
        let mut weights = weights.to_vec();
        weights[index] += step;
        loss(&weights)
    };
    (0..weights.len())
        .map(|index| (moved(index, step) - moved(index, -step)) / (2.0 * step))
        .collect()
}

/// Taylor (arXiv 1611.06440): `|W_ij * mean over samples of g_ij|`.
pub fn taylor(weight: &[f64], samples: &[Vec<f64>]) -> Vec<f64> {
    let score = |(index, value): (usize, &f64)| (value * mean_over(samples, |sample| sample[index])).abs();
    weight.iter().enumerate().map(score).collect()
}

/// Optimal Brain Damage on the empirical Fisher diagonal: `W_ij^2 / 2 * mean over samples of g_ij^2`.
pub fn fisher(weight: &[f64], samples: &[Vec<f64>]) -> Vec<f64> {
    let score =
        |(index, value): (usize, &f64)| 0.5 * value.powi(2) * mean_over(samples, |sample| sample[index].powi(2));
    weight.iter().enumerate().map(score).collect()
}

/// Wanda++ (arXiv 2503.04992): `|W_ij| * (||X_j|| + alpha * sqrt(mean over samples of g_ij^2))`.
pub fn wanda_plus_plus(weight: &[f64], norms: &[f64], samples: &[Vec<f64>], alpha: f64) -> Vec<f64> {
    let score = |(index, value): (usize, &f64)| {
        let regional = mean_over(samples, |sample| sample[index].powi(2)).sqrt();
        value.abs() * (norms[index % norms.len()] + alpha * regional)
    };
    weight.iter().enumerate().map(score).collect()
}

fn mean_over(samples: &[Vec<f64>], value: impl Fn(&Vec<f64>) -> f64) -> f64 {
    samples.iter().map(value).sum::<f64>() / samples.len() as f64
}
