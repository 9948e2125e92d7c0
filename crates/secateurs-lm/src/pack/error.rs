//! Errors of packing.

use secateurs_runtime::RuntimeError;
use secateurs_sparse::SparseError;

use crate::run::error::{ModelFileError, from_files};

/// An error of packing a model, or of reading a packed one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// A matrix that cannot be packed as requested.
    #[error("{name} cannot be packed")]
    Matrix {
        /// Name of the matrix.
        name: String,
        /// Cause.
        source: SparseError,
    },
    /// A format for compressed-tensors that it does not read.
    #[error(
        "compressed-tensors (up to 0.14.0.1) reads bitmaps of floats only: pack as bitmaps with f32, f16 or bf16 values"
    )]
    NotSparseBitmask,
    /// An error while running the model.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A model file or an output with a fault.
    #[error(transparent)]
    File(#[from] ModelFileError),
}

from_files!(PackError);
