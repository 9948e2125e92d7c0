//! What can be wrong with the files.

use std::path::PathBuf;

use secateurs_causal::CausalError;

/// Data that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CausalDataError {
    /// No folder holds the data.
    #[error("no folder in SECATEURS_DATA (\"{searched}\") holds ihdp and acic2016")]
    NoFolder {
        /// What the variable says.
        searched: String,
    },
    /// A file could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file that holds something else than it should.
    #[error("{}: expected {expected}, found {found}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A task that no data set has.
    #[error("there is no task {number}, only 1 to 100")]
    NoSuchTask {
        /// Its number.
        number: usize,
    },
    /// Rows that are no study.
    #[error(transparent)]
    Study(#[from] CausalError),
}

impl CausalDataError {
    /// A file that holds something else.
    pub(super) fn malformed(path: impl Into<PathBuf>, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Malformed {
            path: path.into(),
            expected: expected.into(),
            found: found.into(),
        }
    }
}
