//! Options of the methods that train the whole model.

use clap::Args;
use secateurs::Training;
use secateurs::models::decoder::Activations;
use secateurs::tensor::Positive;
use secateurs::train::{ProjectionMetric, Proximal, ScheduleShape};

use crate::options::named::{explained, named};
use crate::options::numbers::at_least;

/// Training of the whole model.
#[derive(Debug, Args)]
#[command(next_help_heading = "Training (random+finetune, wanda+finetune, elsa, elsa-l)")]
pub(crate) struct TrainingArgs {
    /// UTF-8 text to train on; repeatable
    #[arg(long, value_name = "TEXT")]
    train: Vec<String>,
    /// Text for measuring the loss of the pruned model during training; chooses nothing
    #[arg(long, value_name = "TEXT")]
    validation: Option<String>,
    /// Training steps [default: 512]
    #[arg(long, value_name = "COUNT", value_parser = at_least(1))]
    steps: Option<usize>,
    /// Tokens in each window of the training text [default: 512]
    #[arg(long, value_name = "TOKENS", value_parser = at_least(2))]
    train_window: Option<usize>,
    /// Windows in a batch [default: 8]
    #[arg(long, value_name = "COUNT", value_parser = at_least(1))]
    batch_size: Option<usize>,
    /// Batches whose gradients are averaged in a step (gradient accumulation) [default: 1]
    #[arg(long, value_name = "COUNT", value_parser = at_least(1))]
    micro_batches: Option<usize>,
    /// Epochs: number of times that a window may be used [default: 1]
    #[arg(long, value_name = "COUNT", value_parser = at_least(1))]
    passes: Option<usize>,
    /// Peak learning rate; it falls linearly to 0 [default: 2e-4]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    learning_rate: Option<Positive>,
    /// Warm-up steps of the learning rate [default: 0]
    #[arg(long, value_name = "STEPS", value_parser = at_least(0))]
    warmup: Option<usize>,
    /// Penalty of elsa on the distance from the sparse copy [default: 0.01]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    lambda: Option<Positive>,
    /// Rise of lambda from 0; constant begins at its full value [default: constant]
    #[arg(
        long,
        value_name = "SCHEDULE",
        value_parser = named(&[ScheduleShape::Constant, ScheduleShape::Linear, ScheduleShape::Cosine])
    )]
    lambda_schedule: Option<ScheduleShape>,
    /// Place where lambda acts [default: in-gradient]
    #[arg(long, value_name = "PLACE", value_parser = explained(&[Proximal::InGradient, Proximal::Decoupled], explain_place))]
    proximal: Option<Proximal>,
    /// Steps between two sparse copies of elsa [default: 32]
    #[arg(long, value_name = "STEPS", value_parser = at_least(1))]
    interval: Option<usize>,
    /// Score that decides which weights the sparse copy of elsa keeps [default: identity]
    #[arg(
        long,
        value_name = "METRIC",
        value_parser = explained(&[ProjectionMetric::Identity, ProjectionMetric::SecondMoment], explain_metric)
    )]
    metric: Option<ProjectionMetric>,
    /// Recompute activations instead of keeping them (gradient checkpointing): less memory, a third more time
    #[arg(long)]
    recompute: bool,
    /// Steps between two checkpoints [default: five minutes' worth]
    #[arg(long, value_name = "STEPS", value_parser = at_least(1))]
    checkpoint_every: Option<usize>,
}

fn explain_place(place: &Proximal) -> &'static str {
    match place {
        Proximal::InGradient => "Adds to the gradient, as published",
        Proximal::Decoupled => "Acts beside Adam's step, as weight decay in AdamW; needs a larger lambda, 10 to 40",
    }
}

fn explain_metric(metric: &ProjectionMetric) -> &'static str {
    match metric {
        ProjectionMetric::Identity => "w^2",
        ProjectionMetric::SecondMoment => "w^2 times Adam's second moment",
    }
}

impl TrainingArgs {
    /// Lays the options over the training of a recipe file; none if neither says anything.
    pub(crate) fn merge(&self, file: Option<Training>) -> Option<Training> {
        let is_absent = file.is_none();
        let merged = self.lay_over(file.unwrap_or_default());
        if is_absent && merged == Training::default() {
            return None;
        }
        Some(merged)
    }

    /// Every setting by its name: whoever renames or adds one is told by the compiler to look here.
    fn lay_over(&self, file: Training) -> Training {
        let texts = self.train.iter().map(Into::into).collect();
        Training {
            texts: if self.train.is_empty() { file.texts } else { texts },
            window: self.train_window.or(file.window),
            batch_size: self.batch_size.or(file.batch_size),
            micro_batches: self.micro_batches.or(file.micro_batches),
            steps: self.steps.or(file.steps),
            passes: self.passes.or(file.passes),
            learning_rate: self.learning_rate.map(Positive::get).or(file.learning_rate),
            warmup: self.warmup.or(file.warmup),
            decay: file.decay,
            lambda: self.lambda.map(Positive::get).or(file.lambda),
            lambda_start: file.lambda_start,
            lambda_schedule: self.lambda_schedule.or(file.lambda_schedule),
            lambda_scale: file.lambda_scale,
            proximal: self.proximal.or(file.proximal),
            interval: self.interval.or(file.interval),
            metric: self.metric.or(file.metric),
            split_format: file.split_format,
            dual_format: file.dual_format,
            moments: file.moments,
            beta2: file.beta2,
            weight_decay: file.weight_decay,
            max_norm: file.max_norm,
            activations: self.recompute.then_some(Activations::Recompute).or(file.activations),
            validation: self.validation.as_ref().map(Into::into).or(file.validation),
            validation_windows: file.validation_windows,
            validate_every: file.validate_every,
            checkpoint_every: self.checkpoint_every.or(file.checkpoint_every),
        }
    }
}
