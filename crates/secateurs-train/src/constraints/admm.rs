//! Treatment of the weights to be pruned, and its settings.

use secateurs_tensor::{MaskSet, PathRules, Pattern, Scope};
use serde::{Deserialize, Serialize};

use crate::error::{Result, TrainError};
use crate::schedules::PenaltySchedule;
use crate::states::StateFormat;

/// Treatment of the weights to be pruned.
#[derive(Debug, Clone)]
pub enum Constraint {
    /// No treatment: ordinary training.
    Free,
    /// Masked weights, zero from the start and kept at zero.
    Masks(MaskSet),
    /// The least important weights, pulled towards zero and chosen anew again and again.
    Admm(AdmmSettings),
}

/// Importance of a weight when its sparse copy is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProjectionMetric {
    /// The square `w^2`: gives the nearest sparse vector.
    #[default]
    Identity,
    /// The square weighted by `F`: `F w^2`, with Adam's second moment as the diagonal `F` of the Fisher matrix.
    ///
    /// `F` is `v + eps^2`, so that a tensor without any gradient falls back to `w^2`. The correction of Adam's bias is the
    /// same for all weights and changes no order.
    SecondMoment,
}

/// Unit of the penalty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PenaltyScale {
    /// One unit for all tensors.
    #[default]
    Absolute,
    /// The unit divided by each tensor's distance from its first sparse copy, `||x0 - z0|| + 1e-8`.
    PerTensor,
}

/// Place at which the penalty acts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proximal {
    /// Adds the penalty to the gradient, so that it passes Adam's moments, as published: `g + lambda (x - z + u)`.
    #[default]
    InGradient,
    /// Moves the weights beside Adam's step, as AdamW decays: `x - lr lambda (x - z + u)`. The second moment sees the
    /// loss alone.
    Decoupled,
}

/// Settings of global pruning by ADMM.
#[derive(Debug, Clone)]
pub struct AdmmSettings {
    /// Sparsity or N:M pattern of the result.
    pub pattern: Pattern,
    /// Parameters that are pruned.
    pub rules: PathRules,
    /// Weights that compete: the weights of one layer, or of all layers.
    pub scope: Scope,
    /// Importance of a weight.
    pub metric: ProjectionMetric,
    /// Steps from one sparse copy to the next.
    pub interval: usize,
    /// The weight of the distance to the sparse copy.
    pub penalty: PenaltySchedule,
    /// Unit of the penalty.
    pub penalty_scale: PenaltyScale,
    /// Place at which the penalty acts.
    pub proximal: Proximal,
    /// Format of the sparse copy in memory.
    pub split_format: StateFormat,
    /// Format of the scaled dual variable in memory.
    pub dual_format: StateFormat,
}

impl AdmmSettings {
    /// ELSA's defaults: magnitude projection of each layer every 32 steps, `lambda` constant at 0.01, all state in f32.
    pub fn new(pattern: Pattern, rules: PathRules) -> Self {
        Self {
            pattern,
            rules,
            scope: Scope::PerLayer,
            metric: ProjectionMetric::Identity,
            interval: 32,
            penalty: PenaltySchedule::constant(0.01),
            penalty_scale: PenaltyScale::Absolute,
            proximal: Proximal::InGradient,
            split_format: StateFormat::F32,
            dual_format: StateFormat::F32,
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.penalty.check()?;
        if self.interval == 0 {
            return Err(TrainError::bad("interval", "at least 1", 0.0));
        }
        Ok(())
    }
}
