//! Errors of removing experts.

use secateurs_moe::MoeError;
use secateurs_prune::PruneError;
use secateurs_tensor::TensorError;

use crate::experts::method::ExpertMethod;
use crate::run::error::{ModelFileError, from_files};
use crate::trace::error::TraceError;

/// An error of observing or removing experts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExpertError {
    /// A model without experts.
    #[error("this model is no mixture of experts; `secateurs prune` removes weights of dense models")]
    NoExperts,
    /// A method whose result no model file can hold.
    #[error("{method} puts constants in the place of experts, which no model file can hold; it works in memory only")]
    NoConstantExperts {
        /// The method.
        method: ExpertMethod,
    },
    /// An error of routing or removing experts.
    #[error(transparent)]
    Moe(#[from] MoeError),
    /// An error of pruning.
    #[error(transparent)]
    Prune(#[from] PruneError),
    /// An invalid sparsity, pattern or rule.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// A calibration that cannot be read.
    #[error(transparent)]
    Calibration(#[from] TraceError),
    /// A model file or an output with a fault.
    #[error(transparent)]
    File(#[from] ModelFileError),
}

from_files!(ExpertError);
