//! Settings of pruning: the number of units that stay, and the treatment of the others.

use secateurs_tensor::{KeptUnits, UnitScores, keep_units};

use crate::{KanError, Result};

/// Treatment of the mean of a removed edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fold {
    /// Adds the mean to the bias of the subnode at which the edge ended, so that no constant is lost.
    #[default]
    Mean,
    /// Drops the mean, as in pykan.
    Zero,
}

/// Units of a layer that stay, at least one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stay {
    /// Units whose score is above this threshold.
    Above(f64),
    /// This share of the units, with the highest scores, rounded to whole units.
    Share(f64),
}

impl Stay {
    /// Number of units to remove, before any floor.
    pub fn n_removed(self, scores: &UnitScores) -> usize {
        match self {
            Self::Above(threshold) => scores.count_up_to(threshold),
            Self::Share(share) => scores.len() - (share * scores.len() as f64).round() as usize,
        }
    }

    fn check(self) -> Result<()> {
        let (what, range, got) = match self {
            Self::Above(threshold) if threshold.is_nan() => ("threshold of scores", "a number", threshold),
            Self::Share(share) if !(0.0..=1.0).contains(&share) => ("share of units", "from 0 to 1", share),
            _ => return Ok(()),
        };
        Err(KanError::OutOfRange { what, range, got })
    }
}

/// Settings of pruning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PruneConfig {
    /// Units of each layer that stay.
    pub stay: Stay,
    /// Treatment of the means of removed edges.
    pub fold: Fold,
}

impl PruneConfig {
    /// A pruning that folds means.
    pub fn new(stay: Stay) -> Self {
        let fold = Fold::Mean;
        Self { stay, fold }
    }

    /// A pruning that leaves the units with scores above a threshold.
    pub fn above(threshold: f64) -> Self {
        Self::new(Stay::Above(threshold))
    }

    /// Sets the treatment of means.
    pub fn with_fold(self, fold: Fold) -> Self {
        Self { fold, ..self }
    }

    /// Selects the units of a group that stay: at least one.
    pub(super) fn kept(&self, scores: &UnitScores) -> Result<KeptUnits> {
        self.stay.check()?;
        Ok(keep_units(scores, self.stay.n_removed(scores), 1))
    }
}
