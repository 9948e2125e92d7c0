//! OWL: blocks with more outliers keep more weights.

use rayon::prelude::*;
use secateurs_tensor::{Scores, Sparsity};

use crate::error::PruneError;

/// Least sparsity of a block.
const MIN_SPARSITY: f64 = 0.01;
/// Greatest sparsity of a block.
const MAX_SPARSITY: f64 = 0.99;

/// The share of a block's scores above `multiple` times their mean; 0 without scores.
///
/// The scores are Wanda's, of all linears of the block in the dense model; the paper's `multiple` is 5.
///
/// # Examples
///
/// ```
/// use secateurs_prune::outlier_fraction;
/// use secateurs_tensor::Scores;
///
/// let scores = Scores::new(vec![1.0, 1.0, 1.0, 9.0], [1, 4])?;
/// assert_eq!(outlier_fraction(&[scores], 2.0), 0.25); // the mean is 3
/// # Ok::<(), secateurs_tensor::TensorError>(())
/// ```
pub fn outlier_fraction(scores: &[Scores], multiple: f64) -> f64 {
    let n: usize = scores.iter().map(|scores| scores.values().len()).sum();
    if n == 0 {
        return 0.0;
    }
    // Sums of fixed chunks, so that the result does not depend on the number of threads.
    let chunks: Vec<&[f32]> = scores
        .iter()
        .flat_map(|scores| scores.values().chunks(1 << 16))
        .collect();
    let sum_of = |chunk: &&[f32]| chunk.iter().map(|score| f64::from(*score)).sum::<f64>();
    let sums: Vec<f64> = chunks.par_iter().map(sum_of).collect();
    let threshold = multiple * sums.iter().sum::<f64>() / n as f64;
    let above = |chunk: &&[f32]| chunk.iter().filter(|score| f64::from(**score) > threshold).count();
    chunks.par_iter().map(above).sum::<usize>() as f64 / n as f64
}

/// The sparsity of each block from its fraction of outliers, with `mean` as their mean.
///
/// `density_l = r_l - mean(r) + 1 - S` with `r_l = 2 lambda (D_l - min D) / (max D - min D)`, so no two blocks differ
/// by more than `2 lambda`. Sparsities stay in `[0.01, 0.99]`; the other blocks make up for a clamped one, so that the
/// mean holds. Equal fractions, or a mean outside that range, give the mean to every block.
///
/// # Errors
///
/// If a fraction is not in `[0, 1]`, or if `lambda` is not a finite positive number or 0.
///
/// # Examples
///
/// ```
/// use secateurs_prune::owl_sparsities;
/// use secateurs_tensor::Sparsity;
///
/// let sparsities = owl_sparsities(&[0.0, 0.5, 1.0], Sparsity::new(0.7)?, 0.1)?;
/// let expected = [0.8, 0.7, 0.6];
/// assert!(sparsities.iter().zip(expected).all(|(got, expected)| (got.get() - expected).abs() < 1e-12));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
///
/// Yin et al., Outlier Weighed Layerwise Sparsity, arXiv 2310.05175; `lambda = 0.08`.
/// **Deviates:** the mean is kept when a block is clamped; the upper bound is 0.99, not 1.
pub fn owl_sparsities(fractions: &[f64], mean: Sparsity, lambda: f64) -> Result<Vec<Sparsity>, PruneError> {
    if !(lambda.is_finite() && lambda >= 0.0) {
        let expected = "finite and not negative";
        return Err(PruneError::BadSetting {
            method: "owl",
            setting: "lambda",
            expected,
            value: lambda,
        });
    }
    if let Some(block) = fractions.iter().position(|fraction| !(0.0..=1.0).contains(fraction)) {
        return Err(PruneError::BadOutlierFraction {
            block,
            value: fractions[block],
        });
    }
    let low = fractions.iter().copied().fold(f64::INFINITY, f64::min);
    let high = fractions.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if high <= low || !(MIN_SPARSITY..=MAX_SPARSITY).contains(&mean.get()) {
        return Ok(vec![mean; fractions.len()]);
    }
    let ratios: Vec<f64> = fractions
        .iter()
        .map(|fraction| 2.0 * lambda * (fraction - low) / (high - low))
        .collect();
    let mean_ratio = ratios.iter().sum::<f64>() / ratios.len() as f64;
    let wanted: Vec<f64> = ratios.iter().map(|ratio| mean.get() - (ratio - mean_ratio)).collect();
    clamp_keeping_mean(&wanted, mean.get())
        .into_iter()
        .map(|value| Ok(Sparsity::new(value)?))
        .collect()
}

/// Shifts all values alike before clamping, so that the clamped mean is right: a bisection, as the clamped mean grows
/// with the shift.
fn clamp_keeping_mean(wanted: &[f64], mean: f64) -> Vec<f64> {
    let clamped = |shift: f64| {
        wanted
            .iter()
            .map(move |value| (value + shift).clamp(MIN_SPARSITY, MAX_SPARSITY))
    };
    if wanted.iter().all(|value| (MIN_SPARSITY..=MAX_SPARSITY).contains(value)) {
        return wanted.to_vec();
    }
    let spread = wanted.iter().fold(1.0_f64, |most, value| most.max(value.abs()));
    let [mut low, mut high] = [-1.0 - spread, 1.0 + spread];
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if clamped(middle).sum::<f64>() / wanted.len() as f64 > mean {
            high = middle;
        } else {
            low = middle;
        }
    }
    clamped(low).collect()
}
