//! The errors of traces, and of calibration by them or a text.

use std::path::PathBuf;

use secateurs_runtime::RuntimeError;

use crate::run::error::{ModelFileError, from_files};
use crate::text::error::TextError;
use crate::trace::calibration::CalibrationError;

/// Traces that cannot be made or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// Something else where prompts are expected.
    #[error("{} is no file of prompts: it holds {what}", path.display())]
    NotPrompts {
        /// The file.
        path: PathBuf,
        /// What it holds.
        what: &'static str,
    },
    /// A file has no prompt left.
    #[error("{} has {n_prompts} prompts, and {skip} are to be skipped", path.display())]
    NoPrompts {
        /// The file.
        path: PathBuf,
        /// Prompts in it.
        n_prompts: usize,
        /// Prompts to skip.
        skip: usize,
    },
    /// Too many sequences at a time, or none.
    #[error("a batch of {got}: from 1 to {max} sequences are sampled together")]
    Batch {
        /// Sequences asked for.
        got: usize,
        /// Most sequences.
        max: usize,
    },
    /// A file holds something else than traces.
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
        /// Its version, if it is a number.
        got: Option<u64>,
        /// The version that is read.
        expected: u64,
    },
    /// Traces have too few tokens.
    #[error("the traces in {} have {got} tokens, calibration needs {wanted}", path.display())]
    TooFewTraceTokens {
        /// The file.
        path: PathBuf,
        /// Tokens of the parts that calibrate.
        got: usize,
        /// Tokens asked for.
        wanted: usize,
    },
    /// A calibration that makes no sense.
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    /// A text or a prompt that cannot be used.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Running the model failed.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A model file or the output.
    #[error(transparent)]
    File(#[from] ModelFileError),
}

from_files!(TraceError);
