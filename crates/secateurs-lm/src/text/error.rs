//! The errors of texts, windows and prompts.

use std::path::PathBuf;

use secateurs_runtime::RuntimeError;

use crate::run::error::{ModelFileError, from_files};
use crate::text::lines::LineError;

/// A text, its windows or a prompt that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// A text has too few tokens.
    #[error("{what} has {got} tokens, {count} windows of {window} need {}", count * window)]
    TextTooShort {
        /// Which text.
        what: &'static str,
        /// Tokens it has.
        got: usize,
        /// Windows asked for.
        count: usize,
        /// Tokens in a window.
        window: usize,
    },
    /// Windows of no or one token, or none of them.
    #[error("{count} windows of {window} tokens: at least one window of two tokens is needed")]
    WindowSize {
        /// Windows asked for.
        count: usize,
        /// Tokens in a window.
        window: usize,
    },
    /// A window is longer than the model was made for.
    #[error("windows of {window} tokens are longer than the {max_positions} positions of the model")]
    WindowTooLong {
        /// Tokens in a window.
        window: usize,
        /// Positions of the model.
        max_positions: usize,
    },
    /// Traces where a text is expected.
    #[error("{} holds traces, and a text is expected", path.display())]
    TracesAsText {
        /// The file.
        path: PathBuf,
    },
    /// JSON where a text is expected.
    #[error("{} holds a JSON object on every line, and a text is expected: write its texts to a file first", path.display())]
    JsonLinesAsText {
        /// The file.
        path: PathBuf,
    },
    /// A line of a file of prompts or traces cannot be used.
    #[error(transparent)]
    Line(#[from] LineError),
    /// Running the model failed.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A model file or the output.
    #[error(transparent)]
    File(#[from] ModelFileError),
}

from_files!(TextError);
