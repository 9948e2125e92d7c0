//! The errors of outcomes on disk.

use std::path::PathBuf;

/// The reason why an outcome could not be kept or read back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutcomeError {
    /// The system refused to read, list, create or remove a file or folder.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// The attempt, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file could not be written whole; its former content is unchanged.
    #[error(transparent)]
    Write(#[from] secateurs_data::DataError),
    /// A file is damaged: it is no JSON.
    #[error("{} is not an outcome: it is damaged; run the claim again", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The reader's reason, with its place.
        source: serde_json::Error,
    },
    /// A file is whole, but not an outcome as this version knows it.
    #[error("{} is not an outcome of this version, but of another one of this project; run the claim again", path.display())]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// The first difference.
        source: serde_json::Error,
    },
}
