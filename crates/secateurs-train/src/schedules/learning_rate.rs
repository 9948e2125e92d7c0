//! Learning rates.

use serde::{Deserialize, Serialize};

use super::shape::ScheduleShape;
use crate::error::{Result, TrainError};

/// Order of the learning rate's rise and fall.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WarmUp {
    /// The rate rises to its peak, and falls from then on.
    #[default]
    BeforeDecay,
    /// The rate falls from the first step on, and the warm-up is a factor on it.
    DuringDecay,
}

/// Learning rate of each step: a linear warm-up, then from `peak` to `floor` along `decay`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LearningRate {
    /// The highest learning rate.
    pub peak: f64,
    /// Steps of warm-up.
    #[serde(default)]
    pub warmup: usize,
    /// Shape of the fall to the floor; `Constant` stays at the peak.
    #[serde(default = "linear")]
    pub decay: ScheduleShape,
    /// Learning rate after the last step; 0 by default.
    #[serde(default)]
    pub floor: f64,
    /// Order of rise and fall.
    #[serde(default)]
    pub warmup_kind: WarmUp,
}

fn linear() -> ScheduleShape {
    ScheduleShape::Linear
}

impl LearningRate {
    /// Falls from `peak` to 0 in a straight line, without warm-up.
    pub fn linear(peak: f64) -> Self {
        Self {
            peak,
            warmup: 0,
            decay: ScheduleShape::Linear,
            floor: 0.0,
            warmup_kind: WarmUp::BeforeDecay,
        }
    }

    /// The learning rate of step `step` of `n_steps`.
    pub fn at(&self, step: usize, n_steps: usize) -> f64 {
        if step >= self.warmup {
            return self.decay_at(step, n_steps);
        }
        let share = (step + 1) as f64;
        match self.warmup_kind {
            WarmUp::BeforeDecay => self.peak * share / self.warmup as f64,
            WarmUp::DuringDecay => self.decay_at(step, n_steps) * share / self.warmup as f64,
        }
    }

    fn decay_at(&self, step: usize, n_steps: usize) -> f64 {
        let begin = match self.warmup_kind {
            WarmUp::BeforeDecay => self.warmup,
            WarmUp::DuringDecay => 0,
        };
        let progress = (step - begin) as f64 / n_steps.saturating_sub(begin).max(1) as f64;
        self.decay.at(self.peak, self.floor, progress.min(1.0))
    }

    pub(crate) fn check(&self, n_steps: usize) -> Result<()> {
        TrainError::check_positive("learning rate", self.peak)?;
        let ends_late = self.warmup >= n_steps && self.warmup > 0;
        if ends_late && self.warmup_kind == WarmUp::BeforeDecay {
            return Err(TrainError::bad(
                "warm-up",
                "shorter than the training",
                self.warmup as f64,
            ));
        }
        if !(0.0..=self.peak).contains(&self.floor) {
            return Err(TrainError::bad(
                "floor of the learning rate",
                "from 0 to the peak",
                self.floor,
            ));
        }
        match self.decay {
            ScheduleShape::Exponential if self.floor == 0.0 => Err(TrainError::bad(
                "learning rate",
                "linear, cosine or constant where it falls to 0: no factor leads there",
                0.0,
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_warms_up_and_falls_to_nothing() {
        let rate = LearningRate {
            peak: 2.0,
            warmup: 4,
            decay: ScheduleShape::Linear,
            ..LearningRate::linear(2.0)
        };
        let rates: Vec<f64> = (0..8).map(|step| rate.at(step, 8)).collect();
        assert_eq!(rates, [0.5, 1.0, 1.5, 2.0, 2.0, 1.5, 1.0, 0.5]);
        let during = LearningRate {
            warmup_kind: WarmUp::DuringDecay,
            ..rate
        };
        let rates: Vec<f64> = (0..8).map(|step| during.at(step, 8)).collect();
        assert_eq!(rates, [0.5, 0.875, 1.125, 1.25, 1.0, 0.75, 0.5, 0.25]);
        let to_floor = LearningRate { floor: 1.0, ..rate };
        assert_eq!([4, 6, 8].map(|step| to_floor.at(step, 8)), [2.0, 1.5, 1.0]);
    }

    #[test]
    fn values_out_of_range_are_refused() {
        for peak in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(LearningRate::linear(peak).check(10).is_err(), "{peak}");
        }
        for floor in [-0.1, 1.1, f64::NAN] {
            let rate = LearningRate {
                floor,
                ..LearningRate::linear(1.0)
            };
            assert!(rate.check(10).is_err(), "{floor}");
        }
    }
}
