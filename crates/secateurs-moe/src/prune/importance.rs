//! How much every expert matters.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::evidence::{ExpertEvidence, ExpertSums};
use crate::error::{MoeError, Result};

/// Says how much every expert of a layer matters; higher is more important.
///
/// The counterpart for experts of `secateurs_importance::Importance`, which scores the weights of a matrix: the author sees
/// one layer, [`keep_experts`](super::keep_experts) selects.
///
/// # Examples
///
/// ```
/// use secateurs_moe::prune::{ExpertEvidence, ExpertImportance, scores_of};
/// use secateurs_moe::Result;
///
/// /// Keeps experts that are seldom sure.
/// struct Unsure;
///
/// impl ExpertImportance for Unsure {
///     fn name(&self) -> &str {
///         "unsure"
///     }
///
///     fn score(&self, layer: &ExpertEvidence) -> Vec<f64> {
///         layer.experts().iter().map(|e| -e.gate_mass / e.n_routed.max(1) as f64).collect()
///     }
/// }
/// # let mut layer = ExpertEvidence::new(2, 1);
/// # assert!(scores_of(&Unsure, &layer).is_err());
/// ```
pub trait ExpertImportance: Send + Sync {
    /// The field's name of this score, in kebab-case.
    fn name(&self) -> &str;

    /// One score per expert. An expert that answered no token has the lowest score that evidence can give, where the score
    /// is made of evidence.
    fn score(&self, layer: &ExpertEvidence) -> Vec<f64>;
}

/// The scores of a layer's experts, checked.
///
/// # Errors
///
/// If no token was observed, a score is NaN, or there is not one per expert.
pub fn scores_of(importance: &dyn ExpertImportance, layer: &ExpertEvidence) -> Result<Vec<f64>> {
    if layer.n_tokens() == 0 {
        return Err(MoeError::NoEvidence {
            criterion: importance.name().to_owned(),
        });
    }
    let scores = importance.score(layer);
    MoeError::check_size("scores", layer.experts().len(), scores.len())?;
    match scores.iter().position(|score| score.is_nan()) {
        Some(expert) => Err(MoeError::NotFinite {
            what: "the score",
            expert,
            value: scores[expert],
        }),
        None => Ok(scores),
    }
}

fn each(layer: &ExpertEvidence, score: impl Fn(&ExpertSums) -> f64) -> Vec<f64> {
    layer.experts().iter().map(score).collect()
}

/// A score drawn for every expert: what any other must beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RandomExperts {
    /// Draws are a function of it and of the number of experts only.
    pub seed: u64,
}

impl ExpertImportance for RandomExperts {
    fn name(&self) -> &str {
        "random"
    }

    fn score(&self, layer: &ExpertEvidence) -> Vec<f64> {
        let mut rng = StdRng::seed_from_u64(self.seed);
        layer.experts().iter().map(|_| rng.random()).collect()
    }
}

/// How many tokens an expert answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Frequency;

impl ExpertImportance for Frequency {
    fn name(&self) -> &str {
        "frequency"
    }

    fn score(&self, layer: &ExpertEvidence) -> Vec<f64> {
        each(layer, |expert| expert.n_routed as f64)
    }
}

/// The sum of an expert's gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GateMass;

impl ExpertImportance for GateMass {
    fn name(&self) -> &str {
        "gate-mass"
    }

    fn score(&self, layer: &ExpertEvidence) -> Vec<f64> {
        each(layer, |expert| expert.gate_mass)
    }
}

/// `sum ||f(x)||` over the tokens that the expert answered (EAN).
///
/// # References
///
/// As a baseline in Lasby et al., REAP the Experts, arXiv 2510.13999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ActivationNorm;

impl ExpertImportance for ActivationNorm {
    fn name(&self) -> &str {
        "ean"
    }

    fn score(&self, layer: &ExpertEvidence) -> Vec<f64> {
        each(layer, |expert| expert.norms)
    }
}

/// Router-weighted expert activation pruning: the mean of `g(x) ||f(x)||` over the tokens that the expert answered; 0 for an
/// expert that answered none.
///
/// # References
///
/// Lasby et al., REAP the Experts, arXiv 2510.13999. **Deviates:** sums and means in f64; tokens of padding are left out by
/// not showing them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reap;

impl ExpertImportance for Reap {
    fn name(&self) -> &str {
        "reap"
    }

    fn score(&self, layer: &ExpertEvidence) -> Vec<f64> {
        each(layer, |expert| expert.gated_norms / expert.n_routed.max(1) as f64)
    }
}

/// How often an expert answers times how much its answers vary: what a constant in its place would lose.
///
/// # References
///
/// MoNE, arXiv 2507.00390, which removes experts of low frequency and low output variance. **Deviates:** the product of both,
/// the mean squared error per token of the layer that a constant leaves, up to the gates; the paper's way to combine them is
/// not known to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutputVariance;

impl ExpertImportance for OutputVariance {
    fn name(&self) -> &str {
        "mone"
    }

    fn score(&self, layer: &ExpertEvidence) -> Vec<f64> {
        each(layer, |expert| expert.n_routed as f64 * expert.variance())
    }
}
