//! The error of this crate.

use std::path::PathBuf;

use secateurs_data::DataError;
use secateurs_kan::KanError;

/// Why a network could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KanFileError {
    /// A file holds something else than a Kolmogorov-Arnold network.
    #[error("{} is no file of a Kolmogorov-Arnold network", path.display())]
    NoKan {
        /// The file.
        path: PathBuf,
    },
    /// The configuration of a network in a file's header.
    #[error("the configuration of the network in {} cannot be read", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: serde_json::Error,
    },
    /// The configuration could not be written as JSON.
    #[error("the configuration of the network cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    /// Tensors and configuration make no network.
    #[error("{} holds no usable network", path.display())]
    Kan {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: Box<KanError>,
    },
    /// A network in a precision that files do not hold.
    #[error("networks are stored in F32 or F64, not {got}")]
    Precision {
        /// The precision.
        got: String,
    },
    /// Reading or writing a file failed.
    #[error(transparent)]
    Data(#[from] DataError),
}
