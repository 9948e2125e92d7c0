//! How a whole model is trained while it is pruned, as a part of a recipe.

use std::path::PathBuf;

use secateurs_models::llama::Activations;
use secateurs_tensor::{MaskSet, PathRules, Pattern, Scope};
use secateurs_train::{
    AdamSettings, AdmmSettings, Constraint, LearningRate, MomentFormat, PenaltyScale, PenaltySchedule,
    ProjectionMetric, Proximal, ScheduleShape, StateFormat, TrainConfig,
};
use serde::{Deserialize, Serialize};

use crate::Method;

/// How a whole model is trained while it is pruned; what is not given is the method's default.
///
/// Texts are cut into windows that do not overlap, in an order that the recipe's seed decides; a step takes the next
/// `batch-size * micro-batches` of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Training {
    /// UTF-8 texts to learn from.
    pub texts: Vec<PathBuf>,
    /// Tokens in a window (512, or as many as the model has positions).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<usize>,
    /// Windows that go through the model together (8).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<usize>,
    /// Batches whose gradients are averaged in a step (1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub micro_batches: Option<usize>,
    /// Steps (512).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// Times that a window may be used (1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passes: Option<usize>,
    /// Highest learning rate (2e-4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// Steps of linear warm-up (0).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup: Option<usize>,
    /// How the learning rate falls to 0 (linear).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decay: Option<ScheduleShape>,
    /// ADMM: weight of the distance to the sparse copy at the last step (0.01).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lambda: Option<f64>,
    /// ADMM: the same at the first step (0, unless the schedule is constant).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lambda_start: Option<f64>,
    /// ADMM: the way between them (constant).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lambda_schedule: Option<ScheduleShape>,
    /// ADMM: what one unit of lambda is (absolute).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lambda_scale: Option<PenaltyScale>,
    /// ADMM: where lambda acts (in-gradient).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proximal: Option<Proximal>,
    /// ADMM: steps from one sparse copy to the next (32).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<usize>,
    /// ADMM: how important a weight is (identity).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<ProjectionMetric>,
    /// ADMM: how sparse copies are stored (f32; e4m3 for elsa-l).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_format: Option<StateFormat>,
    /// ADMM: how duals are stored (f32; bf16 for elsa-l).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dual_format: Option<StateFormat>,
    /// How Adam's moments are stored (f32; int8 for elsa-l).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moments: Option<MomentFormat>,
    /// Adam's decay of the squared gradient (0.95).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beta2: Option<f64>,
    /// Decoupled weight decay (0).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f64>,
    /// Longest gradient (1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_norm: Option<f64>,
    /// What is kept from the forward pass (keep).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activations: Option<Activations>,
    /// UTF-8 text on which the loss of the pruned model is followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<PathBuf>,
    /// Windows of it (16, or as many as it has).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_windows: Option<usize>,
    /// Steps from one look at it to the next (an eighth of all).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_every: Option<usize>,
    /// Steps from one checkpoint to the next (as many as take five minutes).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint_every: Option<usize>,
}

impl Training {
    /// Tokens in a window, for a model of `max_positions` positions.
    pub fn window(&self, max_positions: usize) -> usize {
        self.window.unwrap_or(max_positions.min(512))
    }

    /// Windows that go through the model together.
    pub fn batch_size(&self) -> usize {
        self.batch_size.unwrap_or(8)
    }

    /// Batches in a step.
    pub fn micro_batches(&self) -> usize {
        self.micro_batches.unwrap_or(1)
    }

    /// Steps.
    pub fn steps(&self) -> usize {
        self.steps.unwrap_or(512)
    }

    /// Windows that all steps take together.
    pub fn n_windows(&self) -> usize {
        self.steps() * self.micro_batches() * self.batch_size()
    }

    /// The configuration of the trainer for a method; `masks` is what a fine-tuned method keeps.
    pub(crate) fn config(
        &self,
        method: Method,
        pattern: Pattern,
        (rules, scope): (&PathRules, Scope),
        masks: Option<MaskSet>,
    ) -> TrainConfig {
        let quantised = method == Method::ElsaL;
        let constraint = match masks {
            Some(masks) => Constraint::Masks(masks),
            None => Constraint::Admm(self.admm(pattern, (rules, scope), quantised)),
        };
        let moments = if quantised {
            MomentFormat::Int8
        } else {
            MomentFormat::F32
        };
        let adam = AdamSettings::default();
        TrainConfig {
            micro_batches: self.micro_batches(),
            learning_rate: LearningRate {
                peak: self.learning_rate.unwrap_or(2e-4),
                warmup: self.warmup.unwrap_or(0),
                decay: self.decay.unwrap_or(ScheduleShape::Linear),
            },
            adam: AdamSettings {
                beta2: self.beta2.unwrap_or(adam.beta2),
                weight_decay: self.weight_decay.unwrap_or(adam.weight_decay),
                moments: self.moments.unwrap_or(moments),
                ..adam
            },
            max_norm: Some(self.max_norm.unwrap_or(1.0)),
            ..TrainConfig::new(self.steps(), 1.0, constraint)
        }
    }

    fn admm(&self, pattern: Pattern, (rules, scope): (&PathRules, Scope), quantised: bool) -> AdmmSettings {
        let default = AdmmSettings::new(pattern, rules.clone());
        let (split, dual) = if quantised {
            (StateFormat::E4m3, StateFormat::Bf16)
        } else {
            (StateFormat::F32, StateFormat::F32)
        };
        let end = self.lambda.unwrap_or(default.penalty.end);
        let shape = self.lambda_schedule.unwrap_or_default();
        let first = if shape == ScheduleShape::Constant { end } else { 0.0 };
        AdmmSettings {
            scope,
            metric: self.metric.unwrap_or_default(),
            interval: self.interval.unwrap_or(default.interval),
            penalty: PenaltySchedule {
                start: self.lambda_start.unwrap_or(first),
                end,
                shape,
            },
            penalty_scale: self.lambda_scale.unwrap_or_default(),
            proximal: self.proximal.unwrap_or_default(),
            split_format: self.split_format.unwrap_or(split),
            dual_format: self.dual_format.unwrap_or(dual),
            ..default
        }
    }
}
