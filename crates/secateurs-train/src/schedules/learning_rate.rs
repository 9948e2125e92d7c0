//! How learning rate and penalty move from the first step to the last.

use serde::{Deserialize, Serialize};

use crate::PruneError;

/// The way from one value to another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// The first value throughout.
    #[default]
    Constant,
    /// A straight line.
    Linear,
    /// Half a cosine: slow at both ends.
    Cosine,
    /// The same factor every step.
    Exponential,
}

impl Shape {
    /// The value after the share `progress` of the way, from 0 to 1.
    fn at(self, start: f64, end: f64, progress: f64) -> f64 {
        match self {
            Self::Constant => start,
            Self::Linear => start + (end - start) * progress,
            Self::Cosine => start + (end - start) * 0.5 * (1.0 - (std::f64::consts::PI * progress).cos()),
            Self::Exponential => start * (end / start).powf(progress),
        }
    }
}

/// Learning rate of each step: a linear warm-up, then from `peak` to 0 along `decay`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LearningRate {
    /// The highest learning rate.
    pub peak: f64,
    /// Steps until it is reached.
    #[serde(default)]
    pub warmup: usize,
    /// How it falls to 0; `Constant` stays at the peak.
    #[serde(default = "linear")]
    pub decay: Shape,
}

fn linear() -> Shape {
    Shape::Linear
}

impl LearningRate {
    /// Falls from `peak` to 0 in a straight line, without warm-up.
    pub fn linear(peak: f64) -> Self {
        Self {
            peak,
            warmup: 0,
            decay: Shape::Linear,
        }
    }

    /// The learning rate of step `step` of `n_steps`.
    pub fn at(&self, step: usize, n_steps: usize) -> f64 {
        if step < self.warmup {
            return self.peak * (step + 1) as f64 / self.warmup as f64;
        }
        let progress = (step - self.warmup) as f64 / n_steps.saturating_sub(self.warmup).max(1) as f64;
        self.decay.at(self.peak, 0.0, progress.min(1.0))
    }

    pub(crate) fn check(&self, n_steps: usize) -> Result<(), PruneError> {
        positive("learning rate", self.peak)?;
        if self.warmup >= n_steps && self.warmup > 0 {
            return Err(bad("warm-up", "shorter than the training", self.warmup as f64));
        }
        match self.decay {
            Shape::Exponential => Err(bad(
                "learning rate",
                "linear, cosine or constant: no factor leads to 0",
                0.0,
            )),
            _ => Ok(()),
        }
    }
}

/// The weight `lambda` of the distance to the sparse copy, from `start` to `end` over the training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Penalty {
    /// At the first step.
    pub start: f64,
    /// At the last step; `start` of a constant one.
    pub end: f64,
    /// The way between them.
    #[serde(default)]
    pub shape: Shape,
}

impl Penalty {
    /// The same at every step.
    pub fn constant(lambda: f64) -> Self {
        Self {
            start: lambda,
            end: lambda,
            shape: Shape::Constant,
        }
    }

    /// The penalty of step `step` of `n_steps`.
    pub fn at(&self, step: usize, n_steps: usize) -> f64 {
        self.shape.at(self.start, self.end, step as f64 / n_steps as f64)
    }

    pub(crate) fn check(&self) -> Result<(), PruneError> {
        positive("lambda", self.end)?;
        match (self.shape, self.start) {
            (Shape::Constant | Shape::Exponential, start) => positive("lambda", start),
            (_, start) if start >= 0.0 && start.is_finite() => Ok(()),
            (_, start) => Err(bad("lambda", "a finite number of at least 0", start)),
        }
    }
}

fn positive(setting: &'static str, value: f64) -> Result<(), PruneError> {
    if value > 0.0 && value.is_finite() {
        Ok(())
    } else {
        Err(bad(setting, "a finite number above 0", value))
    }
}

pub(crate) fn bad(setting: &'static str, expected: &'static str, value: f64) -> PruneError {
    PruneError::BadSetting {
        method: "training",
        setting,
        expected,
        value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_meet_their_formulas() {
        let rate = LearningRate {
            peak: 2.0,
            warmup: 4,
            decay: Shape::Linear,
        };
        let rates: Vec<f64> = (0..8).map(|step| rate.at(step, 8)).collect();
        assert_eq!(rates, [0.5, 1.0, 1.5, 2.0, 2.0, 1.5, 1.0, 0.5]);
        let penalty = |shape| Penalty {
            start: 1.0,
            end: 4.0,
            shape,
        };
        assert_eq!(penalty(Shape::Constant).at(7, 8), 1.0);
        assert_eq!(penalty(Shape::Linear).at(4, 8), 2.5);
        assert!((penalty(Shape::Cosine).at(4, 8) - 2.5).abs() < 1e-12);
        assert!((penalty(Shape::Cosine).at(2, 8) - (1.0 + 1.5 * (1.0 - 0.5f64.sqrt()))).abs() < 1e-12);
        assert_eq!(penalty(Shape::Exponential).at(4, 8), 2.0);
    }

    #[test]
    fn values_out_of_range_are_refused() {
        for peak in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(LearningRate::linear(peak).check(10).is_err(), "{peak}");
            assert!(Penalty::constant(peak).check().is_err(), "{peak}");
        }
        let from_nothing = |shape| Penalty {
            start: 0.0,
            end: 1.0,
            shape,
        };
        assert!(from_nothing(Shape::Linear).check().is_ok());
        assert!(from_nothing(Shape::Exponential).check().is_err());
    }
}
