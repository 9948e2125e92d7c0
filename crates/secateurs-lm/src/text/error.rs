//! The errors of texts, windows and prompts.

use std::path::{Path, PathBuf};

use secateurs_runtime::RuntimeError;

use crate::run::error::{ModelFileError, from_files};

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

/// No line of a prompt or a trace is that long; more is not read into memory.
pub(crate) const MAX_LINE: u64 = 64 << 20;

/// A line that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}, line {line}", path.display())]
pub struct LineError {
    /// The file.
    pub path: PathBuf,
    /// Number of the line, from 1.
    pub line: usize,
    /// Reason why it cannot be used.
    #[source]
    pub problem: LineProblem,
}

/// Reason why a line cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// It is not the JSON that it should be.
    #[error("{reason}, at column {column}")]
    Json {
        /// Words of the reader.
        reason: String,
        /// Where.
        column: usize,
    },
    /// It is not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// It does not end.
    #[error("it is longer than {MAX_LINE} bytes")]
    TooLong,
    /// It lacks a field.
    #[error("it has no field {}", field.join(" or "))]
    NoField {
        /// The names that would do.
        field: Vec<String>,
    },
    /// A field is no text.
    #[error("its field {field} is not a text")]
    NotText {
        /// The field.
        field: String,
    },
    /// A field that should end in a number has none.
    #[error("its field {field} has no number")]
    NoNumber {
        /// The field.
        field: String,
    },
    /// A token is not in the vocabulary of the model.
    #[error("token id {id} is outside the vocabulary of {vocab_size}")]
    TokenOutOfRange {
        /// The id.
        id: u32,
        /// Size of the vocabulary.
        vocab_size: usize,
    },
    /// There is nothing to go on from.
    #[error("the prompt has no tokens")]
    EmptyPrompt,
    /// More tokens than positions.
    #[error("{n_tokens} tokens are more than the {max_positions} positions of the model")]
    TooManyTokens {
        /// Tokens of the sequence.
        n_tokens: usize,
        /// Positions of the model.
        max_positions: usize,
    },
    /// Its trace belongs to another prompt than its place says.
    #[error("it is sample {} of prompt {}, in the place of sample {} of prompt {}", got.1, got.0, expected.1, expected.0)]
    OutOfOrder {
        /// Prompt and sample that belong there.
        expected: (usize, usize),
        /// Prompt and sample found.
        got: (usize, usize),
    },
    /// The prompt cannot be turned into tokens.
    #[error("the prompt cannot be used")]
    Prompt(#[source] Box<TextError>),
}

impl LineProblem {
    /// The words of serde_json; the line that it names is always the first of its text.
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
