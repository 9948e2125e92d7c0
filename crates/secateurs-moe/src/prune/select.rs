//! Chooses the experts that stay by their scores.

use secateurs_tensor::{KeptUnits, Sparsity, UnitScores, keep_units};

use super::evidence::ExpertEvidence;
use crate::error::{MoeError, Result};

/// Removes the `n_removed` experts with the lowest scores, among equals the lower index first, and returns the others.
///
/// Where [`keep_units`] would stop at a floor, this refuses: a router cannot do without the experts that each token needs.
///
/// # Errors
///
/// If fewer than `needed` would be left.
///
/// # Examples
///
/// ```
/// use secateurs_moe::prune::keep_experts;
/// use secateurs_tensor::UnitScores;
///
/// let scores = UnitScores::new(vec![1.0, 3.0, 2.0, 1.0])?;
/// assert_eq!(keep_experts(&scores, 2, 2)?.indices(), [1, 2]);
/// assert_eq!(keep_experts(&scores, 1, 2)?.indices(), [1, 2, 3]);
/// assert!(keep_experts(&scores, 3, 2).is_err());
/// # Ok::<(), secateurs_moe::MoeError>(())
/// ```
pub fn keep_experts(scores: &UnitScores, n_removed: usize, needed: usize) -> Result<KeptUnits> {
    let (n_experts, needed) = (scores.len(), needed.max(1));
    if n_removed > n_experts || n_experts - n_removed < needed {
        return Err(MoeError::TooFewLeft {
            n_removed,
            n_experts,
            needed,
        });
    }
    Ok(keep_units(scores, n_removed, needed))
}

/// Number of the `n_experts` that are removed for a share: `floor(n * share)`.
///
/// # Errors
///
/// If the share is not in `[0, 1)`.
pub fn n_removed(share: f64, n_experts: usize) -> Result<usize> {
    Ok(Sparsity::new(share)?.pruned_count(n_experts))
}

/// Experts with an outlying element in their answers, layer by layer: they carry the model's massive activations and
/// should not be removed.
///
/// An element is outlying if it exceeds both the 99.5 % quantile over all experts of all layers and a tenth of the
/// largest. Only the first three quarters of the layers count.
///
/// # References
///
/// The reference code of REAP, arXiv 2510.13999. **Deviates:** the quantile is the sorted value at `ceil(0.995 n)`,
/// without interpolation.
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
