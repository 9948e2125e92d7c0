//! From scores to experts that stay.

use super::evidence::ExpertEvidence;
use crate::error::{MoeError, Result};

/// The experts that stay, in ascending order, when the `n_removed` with the lowest scores go; of equals the lower index goes
/// first.
///
/// # Errors
///
/// If a score is NaN, or fewer than `needed` would be left.
///
/// # Examples
///
/// ```
/// use secateurs_moe::prune::keep_experts;
///
/// assert_eq!(keep_experts(&[1.0, 3.0, 2.0, 1.0], 2, 2)?, [1, 2]);
/// assert_eq!(keep_experts(&[1.0, 3.0, 2.0, 1.0], 1, 2)?, [1, 2, 3]);
/// assert!(keep_experts(&[1.0, 3.0], 1, 2).is_err());
/// # Ok::<(), secateurs_moe::MoeError>(())
/// ```
pub fn keep_experts(scores: &[f64], n_removed: usize, needed: usize) -> Result<Vec<usize>> {
    let n_experts = scores.len();
    if n_removed > n_experts || n_experts - n_removed < needed.max(1) {
        return Err(MoeError::TooFewLeft {
            n_removed,
            n_experts,
            needed: needed.max(1),
        });
    }
    if let Some(expert) = scores.iter().position(|score| score.is_nan()) {
        return Err(MoeError::NotFinite {
            what: "the score",
            expert,
            value: scores[expert],
        });
    }
    let mut order: Vec<usize> = (0..n_experts).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]).then(a.cmp(&b)));
    let mut kept = order[n_removed..].to_vec();
    kept.sort_unstable();
    Ok(kept)
}

/// How many of `n_experts` are removed for a share: `floor(n * share)`.
///
/// # Errors
///
/// If the share is not in `[0, 1)`.
pub fn n_removed(share: f64, n_experts: usize) -> Result<usize> {
    let sparsity = secateurs_tensor::Sparsity::new(share)?;
    Ok(sparsity.pruned_count(n_experts))
}

/// Experts whose answers have an outlying element, layer by layer: they carry the model's massive activations and should not
/// be removed.
///
/// Outlying is what exceeds both the 99.5 % quantile over all experts of all layers and a tenth of the largest. Only the first
/// three quarters of the layers count.
///
/// # References
///
/// The reference code of REAP, arXiv 2510.13999. **Deviates:** the quantile is that of the sorted values at
/// `ceil(0.995 n)`, without interpolation.
pub fn super_experts(layers: &[ExpertEvidence]) -> Vec<Vec<usize>> {
    let mut all: Vec<f64> = layers
        .iter()
        .flat_map(|layer| layer.experts().iter().map(|expert| expert.largest))
        .filter(|value| value.is_finite())
        .collect();
    all.sort_by(f64::total_cmp);
    let Some(&largest) = all.last() else {
        return vec![Vec::new(); layers.len()];
    };
    let rank = (0.995 * all.len() as f64).ceil() as usize;
    let threshold = all[rank.clamp(1, all.len()) - 1].max(largest / 10.0);
    let n_early = layers.len() * 3 / 4;
    let outlying = |layer: &ExpertEvidence| {
        let experts = layer.experts().iter().enumerate();
        experts
            .filter(|(_, expert)| expert.largest > threshold)
            .map(|(index, _)| index)
            .collect()
    };
    layers
        .iter()
        .enumerate()
        .map(|(index, layer)| if index < n_early { outlying(layer) } else { Vec::new() })
        .collect()
}
