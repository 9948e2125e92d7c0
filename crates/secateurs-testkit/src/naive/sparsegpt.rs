//! SparseGPT (arXiv 2301.00774, algorithm 1), one input at a time, every correction at once.

use super::layer::{Layer, Zeros};
use super::linalg::{add_diagonal, cholesky, inverse, mean_diagonal};
use super::{keep_groups, keep_largest};

/// The pruned weights, for blocks of `block` inputs and the relative damping `damping`. No input may be dead.
pub fn sparsegpt(layer: Layer<'_>, zeros: Zeros, block: usize, damping: f64) -> Vec<f64> {
    let d = layer.d_input;
    let d_output = layer.weight.len() / d;
    let hessian = add_diagonal(layer.gram, d, damping * mean_diagonal(layer.gram, d));
    let lower = cholesky(&inverse(&hessian, d), d);
    let upper = |i: usize, j: usize| lower[j * d + i];
    let mut w = layer.weight.to_vec();
    let mut keep = vec![true; w.len()];
    let mut pruned_before = 0;
    for start in (0..d).step_by(block) {
        let stop = (start + block).min(d);
        if let Zeros::Anywhere(total) = zeros {
            let entries: Vec<usize> = (0..d_output)
                .flat_map(|i| (start..stop).map(move |j| i * d + j))
                .collect();
            let scores: Vec<f64> = entries.iter().map(|e| (w[*e] / upper(e % d, e % d)).powi(2)).collect();
            let until_here = total * stop / d;
            let kept = keep_largest(&scores, until_here - pruned_before);
            pruned_before = until_here;
            entries.iter().zip(kept).for_each(|(entry, kept)| keep[*entry] = kept);
        }
        for j in start..stop {
            for i in 0..d_output {
                if let Zeros::Groups { keep: n_kept, group } = zeros
                    && j % group == 0
                {
                    let scores: Vec<f64> = (j..j + group).map(|l| (w[i * d + l] / upper(l, l)).powi(2)).collect();
                    let kept = keep_groups(&scores, n_kept, group);
                    keep[i * d + j..i * d + j + group].copy_from_slice(&kept);
                }
                if !keep[i * d + j] {
                    let error = w[i * d + j] / upper(j, j);
                    (j..d).for_each(|l| w[i * d + l] -= error * upper(j, l));
                    w[i * d + j] = 0.0;
                }
            }
        }
    }
    w
}
