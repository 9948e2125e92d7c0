//! Scores of experts.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secateurs_importance::{ImportanceError, UnitImportance};
use secateurs_tensor::{TensorError, UnitScores};

use super::evidence::{ExpertEvidence, ExpertSums};
use crate::error::{MoeError, Result};

/// The scores of a layer's experts, checked.
///
/// Any [`UnitImportance`] over [`ExpertEvidence`] can be asked; [`keep_experts`](super::keep_experts) selects among its scores. An expert
/// that answered no token should have the lowest score that evidence can give.
///
/// # Errors
///
/// If no token was observed, a score is NaN, there is not one per expert, or the score itself fails.
///
/// # Examples
///
/// ```
/// use secateurs_importance::{Result, UnitImportance};
/// use secateurs_moe::prune::{ExpertEvidence, scores_of};
/// use secateurs_tensor::UnitScores;
///
/// /// Keeps experts that are seldom sure.
/// struct Unsure;
///
/// impl UnitImportance for Unsure {
///     type Evidence = ExpertEvidence;
///
///     fn name(&self) -> &str {
///         "unsure"
///     }
///
///     fn score(&self, layer: &ExpertEvidence) -> Result<UnitScores> {
///         let scores = layer.experts().iter().map(|e| -e.gate_mass / e.n_routed.max(1) as f64);
///         Ok(UnitScores::new(scores.collect())?)
///     }
/// }
/// # let mut layer = ExpertEvidence::new(2, 1);
/// # assert!(scores_of(&Unsure, &layer).is_err());
/// ```
pub fn scores_of(
    importance: &dyn UnitImportance<Evidence = ExpertEvidence>,
    layer: &ExpertEvidence,
) -> Result<UnitScores> {
    if layer.n_tokens() == 0 {
        return Err(MoeError::NoEvidence {
            criterion: importance.name().to_owned(),
        });
    }
    let scores = importance.score(layer).map_err(|error| match error {
        ImportanceError::Tensor(TensorError::NanUnitScore { unit }) => MoeError::NotFinite {
            what: "the score",
            expert: unit,
            value: f64::NAN,
        },
        error => MoeError::Score(error),
    })?;
    MoeError::check_size("scores", layer.experts().len(), scores.len())?;
    Ok(scores)
}

fn each(layer: &ExpertEvidence, score: impl FnMut(&ExpertSums) -> f64) -> secateurs_importance::Result<UnitScores> {
    Ok(UnitScores::new(layer.experts().iter().map(score).collect())?)
}

/// A random score for every expert: the control that any other score must beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RandomExperts {
    /// Seed of the scores; they depend on it and on the number of experts only.
    pub seed: u64,
}

impl UnitImportance for RandomExperts {
    type Evidence = ExpertEvidence;

    fn name(&self) -> &str {
        "random"
    }

    fn score(&self, layer: &ExpertEvidence) -> secateurs_importance::Result<UnitScores> {
        let mut rng = StdRng::seed_from_u64(self.seed);
        each(layer, |_| rng.random())
    }
}

/// Number of tokens that an expert answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Frequency;

impl UnitImportance for Frequency {
    type Evidence = ExpertEvidence;

    fn name(&self) -> &str {
        "frequency"
    }

    fn score(&self, layer: &ExpertEvidence) -> secateurs_importance::Result<UnitScores> {
        each(layer, |expert| expert.n_routed as f64)
    }
}

/// The sum of an expert's gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GateMass;

impl UnitImportance for GateMass {
    type Evidence = ExpertEvidence;

    fn name(&self) -> &str {
        "gate-mass"
    }

    fn score(&self, layer: &ExpertEvidence) -> secateurs_importance::Result<UnitScores> {
        each(layer, |expert| expert.gate_mass)
    }
}

/// The sum of norms `sum ||f(x)||` over the tokens that the expert answered (EAN).
///
/// # References
///
/// As a baseline in Lasby et al., REAP the Experts, arXiv 2510.13999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ActivationNorm;

impl UnitImportance for ActivationNorm {
    type Evidence = ExpertEvidence;

    fn name(&self) -> &str {
        "ean"
    }

    fn score(&self, layer: &ExpertEvidence) -> secateurs_importance::Result<UnitScores> {
        each(layer, |expert| expert.norms)
    }
}

/// Router-weighted expert activation pruning: the mean of `g(x) ||f(x)||` over the tokens that the expert answered; 0
/// for an expert that answered none.
///
/// # References
///
/// Lasby et al., REAP the Experts, arXiv 2510.13999. **Deviates:** sums and means in f64; tokens of padding are left out by
/// not showing them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reap;

impl UnitImportance for Reap {
    type Evidence = ExpertEvidence;

    fn name(&self) -> &str {
        "reap"
    }

    fn score(&self, layer: &ExpertEvidence) -> secateurs_importance::Result<UnitScores> {
        each(layer, |expert| expert.gated_norms / expert.n_routed.max(1) as f64)
    }
}

/// Share of the tokens that an expert answers times the variance of its answers: the loss by a constant in its place.
///
/// # References
///
/// MoNE, arXiv 2507.00390, which removes experts of low frequency and low output variance. **Deviates:** the product of both,
/// the mean squared error per token of the layer that a constant leaves, up to the gates; the paper's way to combine them is
/// not known to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutputVariance;

impl UnitImportance for OutputVariance {
    type Evidence = ExpertEvidence;

    fn name(&self) -> &str {
        "mone"
    }

    fn score(&self, layer: &ExpertEvidence) -> secateurs_importance::Result<UnitScores> {
        each(layer, |expert| expert.n_routed as f64 * expert.variance())
    }
}
