//! The one error type of the tasks.

use std::error::Error;
use std::path::{Path, PathBuf};

/// Why a task failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// A program could not be started.
    #[error("cannot start `{command}`")]
    Start {
        /// The command line.
        command: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A program ran and failed.
    #[error("`{command}` failed ({status})")]
    Failed {
        /// The command line.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
    },
    /// A file or folder could not be used.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was attempted, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A program's output was not understood.
    #[error("`{command}` printed what is not its documented format")]
    Output {
        /// The command line.
        command: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Something from outside the repository is missing.
    #[error("{what} is missing: {remedy}")]
    Missing {
        /// What was looked for.
        what: &'static str,
        /// What the user can do.
        remedy: String,
    },
    /// A file has another form than it should.
    #[error("{}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Checks found problems, which have been printed.
    #[error("{what}: {count}")]
    Findings {
        /// How many.
        count: usize,
        /// Of what.
        what: &'static str,
    },
    /// A data set or its manifest.
    #[error(transparent)]
    Data(#[from] secateurs_datasets::DatasetError),
}

/// Attaches a verb and a path to a system error.
pub trait IoContext<T> {
    fn during(self, action: &'static str, path: &Path) -> Result<T, TaskError>;
}

impl<T> IoContext<T> for std::io::Result<T> {
    fn during(self, action: &'static str, path: &Path) -> Result<T, TaskError> {
        self.map_err(|source| TaskError::Io {
            action,
            path: path.to_owned(),
            source,
        })
    }
}

/// An error and its causes in one line.
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
