//! The errors of packing.

use secateurs_runtime::RuntimeError;
use secateurs_sparse::SparseError;

use crate::run::error::{ModelFileError, from_files};

/// A model that cannot be packed, or a packed one that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// A matrix cannot be packed as asked.
    #[error("{name} cannot be packed")]
    Matrix {
        /// Name of the matrix.
        name: String,
        /// Why not.
        source: SparseError,
    },
    /// A packed model is to be laid out for compressed-tensors in a form that it never read.
    #[error(
        "compressed-tensors (up to 0.14.0.1) reads bitmaps of floats only: pack as bitmaps with f32, f16 or bf16 values"
    )]
    NotSparseBitmask,
    /// Running the model failed.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A model file or the output.
    #[error(transparent)]
    File(#[from] ModelFileError),
}

from_files!(PackError);
