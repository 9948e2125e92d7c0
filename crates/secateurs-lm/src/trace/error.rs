//! Errors of traces, and of calibration.

use std::path::PathBuf;

use secateurs_runtime::RuntimeError;

use crate::run::error::{ModelFileError, from_files};
use crate::text::error::TextError;
use crate::trace::calibration_error::CalibrationError;

/// An error of making or reading traces.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// A file of another kind where prompts are expected.
    #[error("{} is no file of prompts: it holds {what}", path.display())]
    NotPrompts {
        /// The file.
        path: PathBuf,
        /// Content of the file.
        what: &'static str,
    },
    /// A file without a prompt after those to skip.
    #[error("{} has {n_prompts} prompts, and {skip} are to be skipped", path.display())]
    NoPrompts {
        /// The file.
        path: PathBuf,
        /// Number of prompts in it.
        n_prompts: usize,
        /// Number of prompts to skip.
        skip: usize,
    },
    /// A number of sequences at a time that is zero or too large.
    #[error("{got} sequences cannot be sampled together; choose 1 to {max}")]
    Batch {
        /// Requested number of sequences.
        got: usize,
        /// Largest number of sequences.
        max: usize,
    },
    /// A file of another kind where traces are expected.
    #[error("{} is no file of traces", path.display())]
    NotTraces {
        /// The file.
        path: PathBuf,
    },
    /// Traces of another version of the format.
    #[error("{} holds traces of {}, this program reads version {expected}", path.display(), got.map_or("no version".into(), |got| format!("version {got}")))]
    TraceVersion {
        /// The file.
        path: PathBuf,
        /// Version of the file, if it is a number.
        got: Option<u64>,
        /// The version that this program reads.
        expected: u64,
    },
    /// Traces with too few tokens.
    #[error("the traces in {} have {got} tokens, calibration needs {wanted}", path.display())]
    TooFewTraceTokens {
        /// The file.
        path: PathBuf,
        /// Number of tokens in the parts for calibration.
        got: usize,
        /// Requested number of tokens.
        wanted: usize,
    },
    /// An error of a calibration.
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    /// A text or a prompt that cannot be used.
    #[error(transparent)]
    Text(#[from] TextError),
    /// An error while running the model.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A model file or an output with a fault.
    #[error(transparent)]
    File(#[from] ModelFileError),
}

from_files!(TraceError);
