//! The errors of training a whole model.

use std::path::PathBuf;

use secateurs_train::TrainError;

use crate::measure::error::MeasureError;
use crate::prune::recipes::recipe_error::RecipeError;
use crate::run::error::{ModelFileError, from_files, is_of_system};
use crate::text::error::TextError;

/// A training of a whole model that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainJobError {
    /// The training texts have too few windows.
    #[error(
        "the training texts have {got} windows of {window} tokens; with {passes} pass(es) over them, {} of the {needed} needed are missing",
        needed.saturating_sub(got.saturating_mul(*passes))
    )]
    TooLittleText {
        /// Windows that there are.
        got: usize,
        /// Windows that training takes.
        needed: usize,
        /// Tokens in a window.
        window: usize,
        /// Times that a window may be used.
        passes: usize,
    },
    /// Training that left the finite numbers after a checkpoint.
    #[error(
        "training failed; the state after {steps_done} steps is kept in {}, from where --resume repeats what failed",
        path.display()
    )]
    Stopped {
        /// Steps done in the kept state.
        steps_done: usize,
        /// The staging folder.
        path: PathBuf,
        /// What happened.
        source: Box<TrainError>,
    },
    /// A recipe that cannot be followed.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// A text that cannot be used.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A validation that failed.
    #[error(transparent)]
    Validation(#[from] MeasureError),
    /// A training that failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A model file or the output.
    #[error(transparent)]
    File(#[from] ModelFileError),
}

from_files!(TrainJobError);

impl TrainJobError {
    /// Whether the same run may succeed when it is repeated.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Stopped { .. } => true,
            Self::File(error) => error.may_pass(),
            _ => is_of_system(self),
        }
    }
}
