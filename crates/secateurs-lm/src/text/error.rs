//! Errors of texts, windows and prompts.

use std::path::{Path, PathBuf};

use secateurs_runtime::RuntimeError;

use crate::run::error::{ModelFileError, from_files};

/// An error of a text, its windows or a prompt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// A text with too few tokens.
    #[error("{what} has {got} tokens, {count} windows of {window} need {}", count * window)]
    TextTooShort {
        /// Name of the text.
        what: &'static str,
        /// Number of tokens that it has.
        got: usize,
        /// Requested number of windows.
        count: usize,
        /// Tokens per window.
        window: usize,
    },
    /// Windows with fewer than two tokens, or no windows.
    #[error("{count} windows of {window} tokens: at least one window of two tokens is needed")]
    WindowSize {
        /// Requested number of windows.
        count: usize,
        /// Tokens per window.
        window: usize,
    },
    /// A window that is longer than the model's positions.
    #[error("windows of {window} tokens are longer than the {max_positions} positions of the model")]
    WindowTooLong {
        /// Tokens per window.
        window: usize,
        /// Number of positions of the model.
        max_positions: usize,
    },
    /// Traces where a text is expected.
    #[error("{} holds traces, and a text is expected; give another file", path.display())]
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
    /// A line of a file of prompts or traces that cannot be used.
    #[error(transparent)]
    Line(#[from] LineError),
    /// An error while running the model.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A model file or an output with a fault.
    #[error(transparent)]
    File(#[from] ModelFileError),
}

from_files!(TextError);

/// Longest line of a prompt or a trace, in bytes; more is not read into memory.
pub(crate) const MAX_LINE: u64 = 64 << 20;

/// A line that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}, line {line}", path.display())]
pub struct LineError {
    /// The file.
    pub path: PathBuf,
    /// Number of the line, from 1.
    pub line: usize,
    /// Reason why the line cannot be used.
    #[source]
    pub problem: LineProblem,
}

/// Reason why a line cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// A line that is not the expected JSON.
    #[error("{reason}, at column {column}")]
    Json {
        /// Message of the parser.
        reason: String,
        /// Column of the fault.
        column: usize,
    },
    /// A line that is not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// A line that exceeds the longest length.
    #[error("it has more than {MAX_LINE} bytes")]
    TooLong,
    /// A missing field.
    #[error("it has no field {}", field.join(" or "))]
    NoField {
        /// The accepted names of the field.
        field: Vec<String>,
    },
    /// A field that is not a text.
    #[error("its field {field} is not a text")]
    NotText {
        /// Name of the field.
        field: String,
    },
    /// A field that should end in a number and does not.
    #[error("its field {field} has no number")]
    NoNumber {
        /// Name of the field.
        field: String,
    },
    /// A token that is not in the vocabulary of the model.
    #[error("token id {id} is outside the vocabulary of {vocab_size}")]
    TokenOutOfRange {
        /// The id.
        id: u32,
        /// Size of the vocabulary.
        vocab_size: usize,
    },
    /// A prompt without tokens.
    #[error("the prompt has no tokens")]
    EmptyPrompt,
    /// A sequence with more tokens than the model has positions.
    #[error("{n_tokens} tokens are more than the {max_positions} positions of the model")]
    TooManyTokens {
        /// Number of tokens of the sequence.
        n_tokens: usize,
        /// Number of positions of the model.
        max_positions: usize,
    },
    /// A trace in the place of another one.
    #[error("it is sample {} of prompt {}, in the place of sample {} of prompt {}", got.1, got.0, expected.1, expected.0)]
    OutOfOrder {
        /// Indices of the prompt and the sample that belong there.
        expected: (usize, usize),
        /// Indices of the prompt and the sample found.
        got: (usize, usize),
    },
    /// A prompt that cannot be turned into tokens.
    #[error("the prompt cannot be used")]
    Prompt(#[source] Box<TextError>),
}

impl LineProblem {
    /// Message of serde_json without its line number, which is always the first of its text.
    pub(crate) fn json(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let reason = text.split(" at line ").next().unwrap_or(&text);
        Self::Json {
            reason: reason.to_owned(),
            column: error.column(),
        }
    }

    pub(crate) fn at(self, path: &Path, line: usize) -> TextError {
        TextError::Line(LineError {
            path: path.to_owned(),
            line,
            problem: self,
        })
    }
}
