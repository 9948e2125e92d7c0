//! Settings of a training.

use super::adam::AdamSettings;
use crate::constraints::Constraint;
use crate::error::{Result, TrainError};
use crate::schedules::LearningRate;
use crate::states::MomentFormat;

/// Memory that holds the state of a training.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Residence {
    /// State in the memory of the host: weights and gradients cross the bus at every step, and the device holds no
    /// state.
    ///
    /// On a CPU nothing is copied, and the same bits come out whatever the number of threads.
    #[default]
    Host,
    /// Adam's moments on the module's device, 4 bytes for every constrained weight: only a new sparse copy crosses the
    /// bus. For accelerators; moments are in f32.
    Device,
}

/// Settings of a training.
#[derive(Debug, Clone)]
pub struct TrainConfig {
    /// Number of steps.
    pub steps: usize,
    /// Number of micro-batches whose gradients are averaged in a step.
    pub micro_batches: usize,
    /// Learning rate of each step.
    pub learning_rate: LearningRate,
    /// Adam.
    pub adam: AdamSettings,
    /// Largest norm of the gradient of all parameters together, before the penalty is added; longer ones are shortened
    /// to it.
    pub max_norm: Option<f64>,
    /// Radius of sharpness-aware minimisation (arXiv 2010.01412): the gradient is taken at `x + r g / ||g||`; 0 for none.
    pub sharpness: f64,
    /// Treatment of the weights to be pruned.
    pub constraint: Constraint,
    /// Memory that holds the state.
    pub residence: Residence,
}

impl TrainConfig {
    /// Settings for `steps` steps of one batch each, with ELSA's other defaults: Adam without decay, norm 1, linear
    /// decay to 0.
    pub fn new(steps: usize, learning_rate: f64, constraint: Constraint) -> Self {
        Self {
            steps,
            micro_batches: 1,
            learning_rate: LearningRate::linear(learning_rate),
            adam: AdamSettings::default(),
            max_norm: Some(1.0),
            sharpness: 0.0,
            constraint,
            residence: Residence::Host,
        }
    }

    /// Refuses settings out of range, as a new [`Trainer`](crate::Trainer) does.
    ///
    /// # Errors
    ///
    /// [`TrainError::BadSetting`].
    pub fn check(&self) -> Result<()> {
        if self.steps == 0 {
            return Err(TrainError::bad("steps", "at least 1", 0.0));
        }
        if self.micro_batches == 0 {
            return Err(TrainError::bad("micro-batches", "at least 1", 0.0));
        }
        for (setting, value) in [
            ("maximum norm", self.max_norm.unwrap_or(1.0)),
            ("sharpness", self.sharpness + 1.0),
        ] {
            TrainError::check_positive(setting, value)?;
        }
        if self.residence == Residence::Device {
            if self.adam.moments != MomentFormat::F32 {
                return Err(TrainError::bad(
                    "bits of Adam's moments",
                    "32 where they live on the device",
                    8.0,
                ));
            }
            if self.sharpness > 0.0 {
                return Err(TrainError::bad(
                    "sharpness",
                    "0 where state lives on the device",
                    self.sharpness,
                ));
            }
        }
        self.learning_rate.check(self.steps)?;
        self.adam.check()?;
        match &self.constraint {
            Constraint::Admm(settings) => settings.check(),
            _ => Ok(()),
        }
    }
}
