//! Errors of training a whole model.

use std::path::PathBuf;

use secateurs_train::TrainError;

use crate::measure::error::MeasureError;
use crate::prune::recipes::recipe_error::RecipeError;
use crate::run::error::{ModelFileError, from_files, is_of_system};
use crate::text::error::TextError;

/// An error of training a whole model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainJobError {
    /// Training texts with too few windows.
    #[error(
        "the training texts have {got} windows of {window} tokens; with {passes} pass(es) over them, {} of the {needed} needed are missing",
        needed.saturating_sub(got.saturating_mul(*passes))
    )]
    TooLittleText {
        /// Number of windows in the texts.
        got: usize,
        /// Number of windows that training needs.
        needed: usize,
        /// Tokens per window.
        window: usize,
        /// Number of times that a window may be used.
        passes: usize,
    },
    /// A training that became NaN or infinite after a checkpoint.
    #[error(
        "training failed; the state after {steps_done} steps is kept in {}, from which --resume repeats the failed part",
        path.display()
    )]
    Stopped {
        /// Number of steps done in the kept state.
        steps_done: usize,
        /// The staging folder.
        path: PathBuf,
        /// The failure itself.
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
    /// A model file or an output with a fault.
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
