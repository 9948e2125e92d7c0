//! The errors of removing experts.

use secateurs_moe::MoeError;
use secateurs_prune::PruneError;
use secateurs_tensor::TensorError;

use crate::experts::method::ExpertMethod;
use crate::run::error::{ModelFileError, from_files};
use crate::trace::error::TraceError;

/// Experts that cannot be observed or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExpertError {
    /// The model has no experts.
    #[error("this model is no mixture of experts; `secateurs prune` removes weights of dense models")]
    NoExperts,
    /// The method leaves what no model file can hold.
    #[error("{method} puts constants in the place of experts, which no model file can hold; it works in memory only")]
    NoConstantExperts {
        /// The method.
        method: ExpertMethod,
    },
    /// Experts could not be routed or removed.
    #[error(transparent)]
    Moe(#[from] MoeError),
    /// Pruning failed.
    #[error(transparent)]
    Prune(#[from] PruneError),
    /// A sparsity, pattern or rule is not valid.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// A calibration that cannot be read.
    #[error(transparent)]
    Calibration(#[from] TraceError),
    /// A model file or the output.
    #[error(transparent)]
    File(#[from] ModelFileError),
}

from_files!(ExpertError);
