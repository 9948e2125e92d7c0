//! The rows that a learner is given.

use crate::data::study::Study;

/// Rows that networks are trained on, and rows that judge them while they are trained.
#[derive(Debug, Clone, Copy)]
pub struct Studies<'a> {
    /// Rows to train on.
    pub train: &'a Study,
    /// Rows that decide when to stop and which weights to keep (see [`Schedule`](secateurs_kan::Schedule)).
    pub validation: Option<&'a Study>,
}

impl<'a> Studies<'a> {
    /// Training rows that nothing judges.
    pub fn train_on(train: &'a Study) -> Self {
        let validation = None;
        Self { train, validation }
    }

    /// These training rows, judged by other rows.
    pub fn judged_by(self, validation: &'a Study) -> Self {
        Self {
            validation: Some(validation),
            ..self
        }
    }
}
