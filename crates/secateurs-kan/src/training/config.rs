//! Settings of a training on rows.

use serde::{Deserialize, Serialize};

use super::grid_updates::GridUpdates;
use super::penalty::Penalty;
use super::schedule::Schedule;

/// Settings of a training on rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitConfig {
    /// Number of steps, and the optimizer.
    pub schedule: Schedule,
    /// Term that is added to the mean squared error.
    pub penalty: Penalty,
    /// Steps at which grids move; none if they stay.
    pub grids: Option<GridUpdates>,
}

impl FitConfig {
    /// Settings without penalty, with grids that follow the data at first.
    pub fn new(schedule: Schedule) -> Self {
        Self {
            schedule,
            penalty: Penalty::default(),
            grids: Some(GridUpdates::default()),
        }
    }

    /// Sets a penalty of this weight.
    pub fn with_lambda(mut self, lambda: f64) -> Self {
        self.penalty.lambda = lambda;
        self
    }

    /// Sets grids that stay.
    pub fn with_fixed_grids(self) -> Self {
        Self { grids: None, ..self }
    }
}
