//! The settings of a training, as a part of a recipe.

use std::path::PathBuf;

use secateurs_models::{Activations, ModelShape};
use secateurs_tensor::{MaskSet, PathRules, Pattern};
use secateurs_train::{
    AdamSettings, AdmmSettings, Constraint, LearningRate, MomentFormat, PenaltyScale, PenaltySchedule,
    ProjectionMetric, Proximal, ScheduleShape, StateFormat, TrainConfig,
};
use serde::{Deserialize, Serialize};

use crate::prune::algorithm::{Elsa, ElsaState};
use crate::prune::recipes::recipe_error::RecipeError;
use crate::text::error::TextError;
use crate::text::windows::check_window;

/// Training of a whole model while it is pruned; a setting that is not given takes the method's default.
///
/// What is marked ADMM is for elsa and elsa-l; [`Recipe::build`](crate::Recipe::build) refuses it for other methods.
///
/// Texts are cut into windows that do not overlap, in an order that the recipe's seed decides; a step takes the next
/// `batch-size * micro-batches` of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Training {
    /// UTF-8 texts for training.
    pub texts: Vec<PathBuf>,
    /// Tokens per window (512, or as many as the model has positions).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<usize>,
    /// Number of windows that pass the model together (8).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<usize>,
    /// Number of batches whose gradients are averaged in a step (1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub micro_batches: Option<usize>,
    /// Number of steps (512).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// Number of times that a window may be used (1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passes: Option<usize>,
    /// Highest learning rate (2e-4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// Number of steps of linear warm-up (0).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup: Option<usize>,
    /// Shape of the fall of the learning rate to 0 (linear).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decay: Option<ScheduleShape>,
    /// ADMM: weight of the distance to the sparse copy at the last step (0.01).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lambda: Option<f64>,
    /// ADMM: weight of the distance at the first step (0, unless the schedule is constant).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lambda_start: Option<f64>,
    /// ADMM: shape of the way from the first to the last weight (constant).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lambda_schedule: Option<ScheduleShape>,
    /// ADMM: meaning of one unit of lambda (absolute).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lambda_scale: Option<PenaltyScale>,
    /// ADMM: place at which lambda acts (in-gradient).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proximal: Option<Proximal>,
    /// ADMM: number of steps from one sparse copy to the next (32).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<usize>,
    /// ADMM: importance of a weight (identity).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<ProjectionMetric>,
    /// ADMM: number format of sparse copies (f32; e4m3 for elsa-l).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_format: Option<StateFormat>,
    /// ADMM: number format of duals (f32; bf16 for elsa-l).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dual_format: Option<StateFormat>,
    /// Number format of Adam's moments (f32; int8 for elsa-l).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moments: Option<MomentFormat>,
    /// Adam's decay of the squared gradient (0.95).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beta2: Option<f64>,
    /// Decoupled weight decay (0).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f64>,
    /// Largest norm of the gradient (1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_norm: Option<f64>,
    /// Treatment of activations between the passes (keep).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activations: Option<Activations>,
    /// UTF-8 text on which the loss of the pruned model is measured during training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<PathBuf>,
    /// Number of windows of the validation text (16, or as many as it has).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_windows: Option<usize>,
    /// Number of steps between validations (an eighth of all).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_every: Option<usize>,
    /// Number of steps between checkpoints (as many as take five minutes).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint_every: Option<usize>,
}

impl Training {
    /// Tokens per window, for a model of `max_positions` positions.
    pub fn window(&self, max_positions: usize) -> usize {
        self.window.unwrap_or(max_positions.min(512))
    }

    /// Number of windows that pass the model together.
    pub fn batch_size(&self) -> usize {
        self.batch_size.unwrap_or(8)
    }

    /// Number of batches per step.
    pub fn micro_batches(&self) -> usize {
        self.micro_batches.unwrap_or(1)
    }

    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.steps.unwrap_or(512)
    }

    /// Number of windows that all steps use together.
    pub fn n_windows(&self) -> usize {
        let per_step = self.micro_batches().saturating_mul(self.batch_size());
        self.steps().saturating_mul(per_step)
    }

    /// Names of the given options that only ELSA uses.
    pub(crate) fn given_for_elsa(&self) -> Vec<&'static str> {
        let options = [
            ("training.lambda", self.lambda.is_some()),
            ("training.lambda-start", self.lambda_start.is_some()),
            ("training.lambda-schedule", self.lambda_schedule.is_some()),
            ("training.lambda-scale", self.lambda_scale.is_some()),
            ("training.proximal", self.proximal.is_some()),
            ("training.interval", self.interval.is_some()),
            ("training.metric", self.metric.is_some()),
            ("training.split-format", self.split_format.is_some()),
            ("training.dual-format", self.dual_format.is_some()),
        ];
        options
            .iter()
            .filter(|option| option.1)
            .map(|option| option.0)
            .collect()
    }

    /// Refuses settings of a validation where no text is named for it.
    pub(crate) fn check_validation(&self) -> Result<(), RecipeError> {
        let option = match (&self.validation, self.validation_windows, self.validate_every) {
            (None, Some(_), _) => "training.validation-windows",
            (None, None, Some(_)) => "training.validate-every",
            _ => return Ok(()),
        };
        Err(RecipeError::NoValidation { option })
    }

    /// Refuses an empty set of windows, or windows longer than the model's positions.
    pub(crate) fn check_windows(&self, shape: &ModelShape) -> Result<(), TextError> {
        let window = self.window(shape.max_positions);
        let counts = [Some(self.n_windows()), self.validation_windows];
        match counts.into_iter().flatten().min() {
            Some(count) if count == 0 || window < 2 => Err(TextError::WindowSize { count, window }),
            _ => check_window(shape, window),
        }
    }

    /// The configuration of a trainer that keeps the zeros of `masks`.
    pub(crate) fn masked_config(&self, masks: MaskSet) -> TrainConfig {
        self.config(Constraint::Masks(masks), MomentFormat::F32)
    }

    /// The configuration of a trainer that chooses the weights to remove.
    pub(crate) fn elsa_config(&self, pattern: Pattern, rules: &PathRules, elsa: &Elsa) -> TrainConfig {
        let settings = AdmmSettings {
            scope: elsa.scope,
            ..AdmmSettings::new(pattern, rules.clone())
        };
        let moments = match elsa.state {
            ElsaState::Single => MomentFormat::F32,
            ElsaState::Low => MomentFormat::Int8,
        };
        self.config(Constraint::Admm(self.admm(settings, elsa.state)), moments)
    }

    fn config(&self, constraint: Constraint, moments: MomentFormat) -> TrainConfig {
        let adam = AdamSettings::default();
        TrainConfig {
            micro_batches: self.micro_batches(),
            learning_rate: LearningRate {
                warmup: self.warmup.unwrap_or(0),
                decay: self.decay.unwrap_or(ScheduleShape::Linear),
                ..LearningRate::linear(self.learning_rate.unwrap_or(2e-4))
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

    fn admm(&self, default: AdmmSettings, state: ElsaState) -> AdmmSettings {
        let (split, dual) = match state {
            ElsaState::Single => (StateFormat::F32, StateFormat::F32),
            ElsaState::Low => (StateFormat::E4m3, StateFormat::Bf16),
        };
        let end = self.lambda.unwrap_or(default.penalty.end);
        let shape = self.lambda_schedule.unwrap_or_default();
        let first = if shape == ScheduleShape::Constant { end } else { 0.0 };
        AdmmSettings {
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
