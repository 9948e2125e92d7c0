//! The one error type of this crate.

use std::io;
use std::path::{Path, PathBuf};

use secateurs_data::DataError;

/// What can go wrong with a data set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// A file could not be read, written or understood.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A file holds something else than its data set should.
    #[error("{}: expected {expected}, found {found}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A file's content is not the one the manifest names.
    #[error("{} has sha256 {got}, expected {expected}", path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// From the manifest.
        expected: String,
        /// From the file.
        got: String,
    },
    /// A data set name that the manifest does not have.
    #[error("no data set named {name:?}; known are {}", known.join(", "))]
    UnknownDataset {
        /// The requested name.
        name: String,
        /// All names in the manifest.
        known: Vec<String>,
    },
    /// A file name that the data set does not have.
    #[error("data set {dataset:?} has no file {file:?}; it has {}", known.join(", "))]
    UnknownFile {
        /// The data set.
        dataset: String,
        /// The requested file.
        file: String,
        /// All its files.
        known: Vec<String>,
    },
    /// No source has the file, or none has the right version of it.
    #[error("cannot find {dataset}/{file}: {}", tried.join("; "))]
    NotResolved {
        /// The data set.
        dataset: String,
        /// The file.
        file: String,
        /// One line per source that was asked, with its answer.
        tried: Vec<String>,
    },
    /// A download failed.
    #[error("cannot download {origin}: {problem}")]
    Download {
        /// Where from.
        origin: String,
        /// The client's reason.
        problem: String,
    },
    /// A task that no data set has.
    #[error("there is no task {number}, only 1 to {n_tasks}")]
    NoSuchTask {
        /// The requested number.
        number: usize,
        /// How many there are.
        n_tasks: usize,
    },
}

/// Shorthand for results of this crate.
pub type Result<T, E = DatasetError> = std::result::Result<T, E>;

impl DatasetError {
    /// A file that holds something else.
    pub(crate) fn malformed(path: &Path, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            expected: expected.into(),
            found: found.into(),
        }
    }
}

/// Attaches a verb and a path to a system error.
pub(crate) trait IoContext<T> {
    fn during(self, action: &'static str, path: &Path) -> Result<T>;
}

impl<T> IoContext<T> for io::Result<T> {
    fn during(self, action: &'static str, path: &Path) -> Result<T> {
        self.map_err(|source| {
            DatasetError::Data(DataError::Io {
                action,
                path: path.to_owned(),
                source,
            })
        })
    }
}
