//! The flags of the methods that train the whole model.

use clap::builder::PossibleValuesParser;
use clap::{Args, value_parser};
use toml::{Table, Value};

use crate::error::CliError;
use crate::options::recipe::{integer, section, set};

/// How the whole model is trained.
#[derive(Debug, Args)]
#[command(next_help_heading = "Training (random+finetune, wanda+finetune, elsa, elsa-l)")]
pub(crate) struct TrainingArgs {
    /// UTF-8 text to learn from; may be repeated
    #[arg(long, value_name = "TEXT")]
    train: Vec<String>,
    /// Text on which the loss of the pruned model is followed; chooses nothing
    #[arg(long, value_name = "TEXT")]
    validation: Option<String>,
    /// Steps of training [default: 512]
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u32).range(1..))]
    steps: Option<u32>,
    /// Tokens in a window of training text [default: 512]
    #[arg(long, value_name = "TOKENS", value_parser = value_parser!(u32).range(2..))]
    train_window: Option<u32>,
    /// Windows that go through the model together [default: 8]
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u32).range(1..))]
    batch_size: Option<u32>,
    /// Batches whose gradients are averaged in a step: the memory of one, the steps of many [default: 1]
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u32).range(1..))]
    micro_batches: Option<u32>,
    /// Times that a window of text may be used [default: 1]
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u32).range(1..))]
    passes: Option<u32>,
    /// Highest learning rate; it falls to 0 in a straight line [default: 2e-4]
    #[arg(long, value_name = "X", allow_negative_numbers = true, value_parser = positive)]
    learning_rate: Option<f64>,
    /// Steps until the learning rate is reached [default: 0]
    #[arg(long, value_name = "STEPS")]
    warmup: Option<u32>,
    /// Weight of the distance to the sparse copy [default: 0.01]
    #[arg(long, value_name = "X", allow_negative_numbers = true, value_parser = positive)]
    lambda: Option<f64>,
    /// How lambda gets there from 0 [default: constant, from the start]
    #[arg(long, value_name = "SCHEDULE", value_parser = PossibleValuesParser::new(["constant", "linear", "cosine"]))]
    lambda_schedule: Option<String>,
    /// Where lambda acts: on the gradient as published, or on the weights beside Adam's step, as weight decay does in AdamW;
    /// lambda is then larger, 10 to 40 [default: in-gradient]
    #[arg(long, value_name = "PLACE", value_parser = PossibleValuesParser::new(["in-gradient", "decoupled"]))]
    proximal: Option<String>,
    /// Steps from one sparse copy to the next [default: 32]
    #[arg(long, value_name = "STEPS", value_parser = value_parser!(u32).range(1..))]
    interval: Option<u32>,
    /// What makes a weight important: its square, or times Adam's second moment [default: identity]
    #[arg(long, value_name = "METRIC", value_parser = PossibleValuesParser::new(["identity", "second-moment"]))]
    metric: Option<String>,
    /// Compute activations twice rather than keep them: less memory, a third more time
    #[arg(long)]
    recompute: bool,
    /// Steps from one checkpoint to the next [default: as many as take five minutes]
    #[arg(long, value_name = "STEPS", value_parser = value_parser!(u32).range(1..))]
    checkpoint_every: Option<u32>,
}

impl TrainingArgs {
    /// Overrides the recipe with the flags that were given.
    pub(crate) fn apply(&self, table: &mut Table) -> Result<(), CliError> {
        let mut given = Table::new();
        if !self.train.is_empty() {
            given.insert("texts".into(), self.train.clone().into());
        }
        set(&mut given, "validation", self.validation.clone().map(Value::from));
        set(&mut given, "steps", self.steps.map(integer));
        set(&mut given, "window", self.train_window.map(integer));
        set(&mut given, "batch-size", self.batch_size.map(integer));
        set(&mut given, "micro-batches", self.micro_batches.map(integer));
        set(&mut given, "passes", self.passes.map(integer));
        set(&mut given, "learning-rate", self.learning_rate.map(Value::from));
        set(&mut given, "warmup", self.warmup.map(integer));
        set(&mut given, "lambda", self.lambda.map(Value::from));
        set(
            &mut given,
            "lambda-schedule",
            self.lambda_schedule.clone().map(Value::from),
        );
        set(&mut given, "proximal", self.proximal.clone().map(Value::from));
        set(&mut given, "interval", self.interval.map(integer));
        set(&mut given, "metric", self.metric.clone().map(Value::from));
        set(&mut given, "activations", self.recompute.then(|| "recompute".into()));
        set(&mut given, "checkpoint-every", self.checkpoint_every.map(integer));
        if !given.is_empty() {
            section(table, "training")?.extend(given);
        }
        Ok(())
    }
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value.is_finite() => Ok(value),
        Ok(_) => Err("it must be a finite number above 0".to_owned()),
        Err(_) => Err("it is not a number".to_owned()),
    }
}
