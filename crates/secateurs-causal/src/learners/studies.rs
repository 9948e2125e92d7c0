//! Rows to learn from, and rows to stop by.

use crate::data::study::Study;

/// Rows that a learner is trained on.
#[derive(Debug, Clone, Copy)]
pub struct Studies<'a> {
    /// Rows that steps see.
    pub train: &'a Study,
    /// Rows that decide when to stop and which weights to keep, if there are any.
    pub validation: Option<&'a Study>,
}

impl<'a> Studies<'a> {
    /// Trains on one study and stops by another.
    pub fn new(train: &'a Study, validation: &'a Study) -> Self {
        Self {
            train,
            validation: Some(validation),
        }
    }

    /// Trains on all rows, for as many steps as there are.
    pub fn train_only(train: &'a Study) -> Self {
        Self {
            train,
            validation: None,
        }
    }
}
