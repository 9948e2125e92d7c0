//! The penalty of ELSA.

use serde::{Deserialize, Serialize};

use super::shape::ScheduleShape;
use crate::error::{Result, TrainError};

/// The weight `lambda` of the distance to the sparse copy, from `start` to `end` over the training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PenaltySchedule {
    /// Penalty at the first step.
    pub start: f64,
    /// Penalty at the last step; equal to `start` where it is constant.
    pub end: f64,
    /// Shape of the way between them.
    #[serde(default)]
    pub shape: ScheduleShape,
}

impl PenaltySchedule {
    /// One penalty for every step.
    pub fn constant(lambda: f64) -> Self {
        Self {
            start: lambda,
            end: lambda,
            shape: ScheduleShape::Constant,
        }
    }

    /// The penalty of step `step` of `n_steps`.
    pub fn at(&self, step: usize, n_steps: usize) -> f64 {
        self.shape.at(self.start, self.end, step as f64 / n_steps as f64)
    }

    pub(crate) fn check(&self) -> Result<()> {
        TrainError::check_positive("lambda", self.end)?;
        match (self.shape, self.start) {
            (ScheduleShape::Constant | ScheduleShape::Exponential, start) => {
                TrainError::check_positive("lambda", start)
            }
            (_, start) if start >= 0.0 && start.is_finite() => Ok(()),
            (_, start) => Err(TrainError::bad("lambda", "a finite number of at least 0", start)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_meet_their_formulas() {
        let penalty = |shape| PenaltySchedule {
            start: 1.0,
            end: 4.0,
            shape,
        };
        assert_eq!(penalty(ScheduleShape::Constant).at(7, 8), 1.0);
        assert_eq!(penalty(ScheduleShape::Linear).at(4, 8), 2.5);
        assert!((penalty(ScheduleShape::Cosine).at(4, 8) - 2.5).abs() < 1e-12);
        assert!((penalty(ScheduleShape::Cosine).at(2, 8) - (1.0 + 1.5 * (1.0 - 0.5f64.sqrt()))).abs() < 1e-12);
        assert_eq!(penalty(ScheduleShape::Exponential).at(4, 8), 2.0);
    }

    #[test]
    fn values_out_of_range_are_refused() {
        for lambda in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(PenaltySchedule::constant(lambda).check().is_err(), "{lambda}");
        }
        let from_nothing = |shape| PenaltySchedule {
            start: 0.0,
            end: 1.0,
            shape,
        };
        assert!(from_nothing(ScheduleShape::Linear).check().is_ok());
        assert!(from_nothing(ScheduleShape::Exponential).check().is_err());
    }
}
