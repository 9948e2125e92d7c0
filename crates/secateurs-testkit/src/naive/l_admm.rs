//! L-ADMM (Boža, arXiv 2401.02938, algorithm 2).

use super::keep_largest;
use super::layer::{Layer, Zeros, masked};
use super::linalg::{add_diagonal, inverse, mean_diagonal, multiply};

/// Settings of [`l_admm`].
#[derive(Debug, Clone, Copy)]
pub struct LAdmmSettings {
    /// Relative damping of the normalised Gram matrix.
    pub damping: f64,
    /// Updates of the weights.
    pub iterations: usize,
    /// Updates of the mask.
    pub mask_iterations: usize,
    /// Whether sparsity grows along a cubic, or is final from the start.
    pub gradual: bool,
}

/// The pruned weights. No input may be dead.
pub fn l_admm(layer: Layer<'_>, zeros: Zeros, settings: &LAdmmSettings) -> Vec<f64> {
    let d = layer.d_input;
    let n_pruned = zeros.count(layer.weight.len());
    let norms: Vec<f64> = layer.gram.iter().step_by(d + 1).map(|value| value.sqrt()).collect();
    let gram: Vec<f64> = layer
        .gram
        .iter()
        .enumerate()
        .map(|(index, value)| value / (norms[index / d] * norms[index % d]))
        .collect();
    let gram = add_diagonal(&gram, d, settings.damping * mean_diagonal(&gram, d));
    let mut w: Vec<f64> = layer
        .weight
        .iter()
        .enumerate()
        .map(|(index, w)| w * norms[index % d])
        .collect();
    let y = multiply(&w, &gram, d);
    let gram_inverse = inverse(&add_diagonal(&gram, d, 1.0), d);
    let mut u = vec![0.0; w.len()];
    let mut keep = vec![true; w.len()];
    for iteration in 0..settings.iterations {
        let sum: Vec<f64> = w.iter().zip(&u).map(|(w, u)| w + u).collect();
        if iteration < settings.mask_iterations {
            let t = (iteration + 1) as f64 / settings.mask_iterations as f64;
            let grown = if settings.gradual { 1.0 - (1.0 - t).powi(3) } else { 1.0 };
            keep = growing_mask(&sum, zeros, (n_pruned as f64 * grown) as usize);
        }
        let z = masked(&sum, &keep);
        u = sum.iter().zip(&z).map(|(sum, z)| sum - z).collect();
        let pull: Vec<f64> = (0..w.len()).map(|i| y[i] + z[i] - u[i]).collect();
        w = multiply(&pull, &gram_inverse, d);
    }
    let sum: Vec<f64> = w.iter().zip(&u).map(|(w, u)| w + u).collect();
    masked(&sum, &keep)
        .iter()
        .enumerate()
        .map(|(index, w)| w / norms[index % d])
        .collect()
}

/// Prunes the `n_pruned` smallest entries, but none of a group's best.
fn growing_mask(values: &[f64], zeros: Zeros, n_pruned: usize) -> Vec<bool> {
    let mut scores: Vec<f64> = values.iter().map(|value| value.abs()).collect();
    if matches!(zeros, Zeros::Groups { .. }) {
        let protected = zeros.keep(values);
        scores
            .iter_mut()
            .zip(protected)
            .filter(|(_, protected)| *protected)
            .for_each(|(score, _)| *score = f64::MAX);
    }
    keep_largest(&scores, n_pruned)
}
