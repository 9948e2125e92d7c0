//! Errors of this crate.

use std::io;
use std::path::{Path, PathBuf};

use secateurs_data::DataError;

/// An error of a data set, with the facts needed to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// A file that could not be read, written or understood.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A file whose content differs from its data set's form.
    #[error("{}: expected {expected}, found {found}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The expected content.
        expected: String,
        /// The content found.
        found: String,
    },
    /// A file whose checksum differs from the manifest's.
    #[error("{} has sha256 {got}, expected {expected}", path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// Checksum in the manifest.
        expected: String,
        /// Checksum of the file.
        got: String,
    },
    /// A data set name that the manifest does not have.
    #[error("there is no data set {name:?}; the data sets are: {}", known.join(", "))]
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
    /// A file that no source has in the right version.
    #[error("cannot find {dataset}/{file}: {}", tried.join("; "))]
    NotResolved {
        /// The data set.
        dataset: String,
        /// The file.
        file: String,
        /// One line per source that was asked, with its answer.
        tried: Vec<String>,
    },
    /// A download that failed.
    #[error("cannot download {origin}: {problem}")]
    Download {
        /// Address of the file.
        origin: String,
        /// The client's reason.
        problem: String,
    },
    /// A number that no task of a data set has.
    #[error("there is no task {number}; the tasks are 1 to {n_tasks}")]
    NoSuchTask {
        /// The requested number.
        number: usize,
        /// Number of tasks.
        n_tasks: usize,
    },
}

/// Shorthand for results of this crate.
pub type Result<T, E = DatasetError> = std::result::Result<T, E>;

impl DatasetError {
    /// An error about a file whose content is not as expected.
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
