//! Errors of this crate.

use std::path::PathBuf;

use secateurs_data::DataError;
use secateurs_kan::KanError;

/// An error of reading or writing a network, with the facts needed to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KanFileError {
    /// A file that holds something else than a Kolmogorov-Arnold network.
    #[error("{} holds no Kolmogorov-Arnold network", path.display())]
    NoKan {
        /// The file.
        path: PathBuf,
    },
    /// A configuration in a file's header that cannot be read.
    #[error("the configuration of the network in {} cannot be read", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: serde_json::Error,
    },
    /// A configuration that could not be written as JSON.
    #[error("the configuration of the network cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    /// Tensors and a configuration that make no network.
    #[error("{} holds no usable network", path.display())]
    Kan {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: Box<KanError>,
    },
    /// A network in a precision that files do not hold.
    #[error("networks are stored in F32 or F64, not {got}")]
    Precision {
        /// The precision.
        got: String,
    },
    /// A file that could not be read or written.
    #[error(transparent)]
    Data(#[from] DataError),
}
