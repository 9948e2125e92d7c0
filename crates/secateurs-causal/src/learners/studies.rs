//! Rows for training, and rows for early stopping.

use crate::data::study::Study;

/// Rows that a learner is trained on, and rows that decide when to stop.
#[derive(Debug, Clone, Copy)]
pub struct Studies<'a> {
    /// Rows that steps see.
    pub train: &'a Study,
    /// Rows that decide when to stop and which weights to keep, if there are any.
    pub validation: Option<&'a Study>,
}

impl<'a> Studies<'a> {
    /// Trains on one study and stops early by another.
    pub fn new(train: &'a Study, validation: &'a Study) -> Self {
        Self {
            train,
            validation: Some(validation),
        }
    }

    /// Trains on all rows, for as many steps as the schedule has.
    pub fn train_only(train: &'a Study) -> Self {
        Self {
            train,
            validation: None,
        }
    }
}
