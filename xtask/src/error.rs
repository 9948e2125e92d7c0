//! Errors of the tasks.

use std::error::Error;
use std::path::{Path, PathBuf};

/// The error of a failed task, with the facts needed to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// A program that could not be started.
    #[error("cannot start `{command}`")]
    Start {
        /// The command line.
        command: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A program that ran and failed.
    #[error("`{command}` failed ({status})")]
    Failed {
        /// The command line.
        command: String,
        /// Exit status of the program.
        status: std::process::ExitStatus,
    },
    /// A file or folder that could not be used.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// The attempted operation, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// An output of a program that was not understood.
    #[error("`{command}` printed what is not its documented format")]
    Output {
        /// The command line.
        command: String,
        /// Cause.
        source: serde_json::Error,
    },
    /// A thing outside the repository that is missing.
    #[error("{what} is missing: {remedy}")]
    Missing {
        /// Name of the missing thing.
        what: &'static str,
        /// Advice for the user.
        remedy: String,
    },
    /// A file of another form than it should have.
    #[error("{}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Fault of the file.
        problem: String,
    },
    /// Problems that checks found and printed.
    #[error("{what}: {count}")]
    Findings {
        /// Number of problems.
        count: usize,
        /// Kind of the problems.
        what: &'static str,
    },
    /// An error of a data set or its manifest.
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

/// The error and its causes in one line.
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
