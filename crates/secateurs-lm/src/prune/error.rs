//! Errors of pruning a checkpoint.

use secateurs_prune::PruneError;
use secateurs_tensor::TensorError;
use secateurs_train::TrainError;

use crate::prune::recipes::recipe_error::RecipeError;
use crate::run::error::{ModelFileError, from_files, is_of_system};
use crate::text::error::TextError;
use crate::trace::error::TraceError;
use crate::train::error::TrainJobError;

/// An error of pruning a checkpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PruneJobError {
    /// A method that needs the whole model at a time, for a family that is available block by block only.
    #[error(
        "{method} needs the whole model in memory, which this family does not support; choose a method that prunes block by block"
    )]
    NeedsWholeModel {
        /// The method.
        method: crate::Method,
    },
    /// Calibration sequences too short to predict a token, for a method that needs gradients of the loss.
    #[error("the calibration has no sequence of two tokens or more: it predicts nothing, and the loss has no gradient")]
    PredictsNothing,
    /// A recipe that cannot be followed.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// An error of pruning.
    #[error(transparent)]
    Prune(#[from] PruneError),
    /// An invalid sparsity, pattern or rule.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// A setting of the training outside its range.
    #[error(transparent)]
    Setting(#[from] TrainError),
    /// A training that failed.
    #[error(transparent)]
    Training(#[from] TrainJobError),
    /// Windows of a training text that the model cannot read.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A calibration that cannot be read.
    #[error(transparent)]
    Calibration(#[from] TraceError),
    /// A model file or an output with a fault.
    #[error(transparent)]
    File(#[from] ModelFileError),
}

from_files!(PruneJobError);

impl PruneJobError {
    /// Whether the same run may succeed when it is repeated: the system refused something, such as space on a full
    /// disk. Any other error would be met again.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::File(error) => error.may_pass(),
            Self::Training(error) => error.may_pass(),
            _ => is_of_system(self),
        }
    }
}
