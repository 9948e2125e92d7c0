//! The one error type of the tasks.

use std::error::Error;
use std::path::PathBuf;

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
