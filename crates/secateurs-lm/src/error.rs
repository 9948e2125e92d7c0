//! The error of any job, for programs that run several.

use secateurs_data::DataError;
use secateurs_runtime::RuntimeError;
use secateurs_tensor::TensorError;

use crate::experts::error::ExpertError;
use crate::measure::error::MeasureError;
use crate::pack::error::PackError;
use crate::prune::error::PruneJobError;
use crate::prune::recipes::recipe_error::RecipeError;
use crate::run::error::{ModelFileError, is_of_system};
use crate::run::unknown_method::UnknownMethod;
use crate::text::error::TextError;
use crate::trace::calibration_error::CalibrationError;
use crate::trace::error::TraceError;
use crate::train::error::TrainJobError;

/// The error of any job. Each job has an error of its own, with the facts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name that no method has.
    #[error(transparent)]
    UnknownMethod(#[from] UnknownMethod),
    /// A recipe that cannot be followed.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// A checkpoint that cannot be pruned.
    #[error(transparent)]
    Prune(#[from] PruneJobError),
    /// Experts that cannot be removed.
    #[error(transparent)]
    Experts(#[from] ExpertError),
    /// Traces that cannot be made or read.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// A calibration that makes no sense.
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    /// A model that cannot be measured.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// A model that cannot be packed.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// A text that cannot be used.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A model file or an output with a fault.
    #[error(transparent)]
    File(#[from] ModelFileError),
    /// A model that cannot be run.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// An invalid sparsity, pattern or rule.
    #[error(transparent)]
    Tensor(#[from] TensorError),
}

impl Error {
    /// Whether the same run may succeed when it is repeated: the system refused something, such as space on a full
    /// disk. Any other error would be met again.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Prune(error) => error.may_pass(),
            _ => self.file().map_or_else(|| is_of_system(self), ModelFileError::may_pass),
        }
    }

    /// The error of the recipe itself, if it is one.
    pub fn recipe(&self) -> Option<&RecipeError> {
        match self {
            Self::Recipe(error)
            | Self::Prune(PruneJobError::Recipe(error) | PruneJobError::Training(TrainJobError::Recipe(error))) => {
                Some(error)
            }
            _ => None,
        }
    }

    /// The error of a model file or an output, if it is one.
    pub fn file(&self) -> Option<&ModelFileError> {
        match self {
            Self::Prune(PruneJobError::Training(error)) => error.file(),
            Self::Prune(error) => error.file(),
            Self::Experts(error) => error.file(),
            Self::Trace(error) => error.file(),
            Self::Measure(error) => error.file(),
            Self::Pack(error) => error.file(),
            Self::Text(error) => error.file(),
            Self::File(error) => Some(error),
            _ => None,
        }
    }
}

impl From<DataError> for Error {
    fn from(error: DataError) -> Self {
        Self::File(error.into())
    }
}

/// Makes `?` turn the error of any job into an error that holds it as `Job(Box<secateurs_lm::Error>)`.
#[macro_export]
macro_rules! from_jobs {
    ($error:ident) => {
        $crate::from_jobs!(
            $error:
            Error, ExpertError, MeasureError, PackError, PruneJobError, RecipeError, TextError, TraceError
        );
    };
    ($error:ident: $($job:ident),*) => {
        $(impl From<$crate::$job> for $error {
            fn from(error: $crate::$job) -> Self {
                Self::Job(Box::new(error.into()))
            }
        })*
    };
}
