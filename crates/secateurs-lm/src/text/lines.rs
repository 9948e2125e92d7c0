//! Files of one record a line.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use secateurs_data::DataError;

use crate::text::error::TextError;

/// No line of a prompt or a trace is that long; more is not read into memory.
const MAX_LINE: u64 = 64 << 20;

/// A line that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}, line {line}", path.display())]
pub struct LineError {
    /// The file.
    pub path: PathBuf,
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    #[source]
    pub problem: LineProblem,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// It is not the JSON that it should be.
    #[error("{reason}, at column {column}")]
    Json {
        /// What the reader says.
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
    /// What serde_json says; the line that it names is always the first of its text.
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

/// Reads a file line by line.
#[derive(Debug)]
pub(crate) struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    n_read: usize,
    complete_bytes: u64,
}

impl Lines {
    /// Opens a file.
    pub(crate) fn open(path: &Path) -> Result<Self, TextError> {
        let file = File::open(path).map_err(|source| failed("open", path, source))?;
        Ok(Self {
            path: path.to_owned(),
            reader: BufReader::new(file),
            n_read: 0,
            complete_bytes: 0,
        })
    }

    /// Number of the line read last, from 1.
    pub(crate) fn number(&self) -> usize {
        self.n_read
    }

    /// Bytes of all lines read that end as lines do.
    pub(crate) fn complete_bytes(&self) -> u64 {
        self.complete_bytes
    }

    /// The problem as an error that names the line read last.
    pub(crate) fn error(&self, problem: LineProblem) -> TextError {
        problem.at(&self.path, self.n_read)
    }

    /// The bytes of the next line, without its end, and whether it has one; `None` at the end of the file.
    pub(crate) fn next_bytes(&mut self) -> Result<Option<(Vec<u8>, bool)>, TextError> {
        let mut bytes = Vec::new();
        let mut limited = (&mut self.reader).take(MAX_LINE);
        let n = limited
            .read_until(b'\n', &mut bytes)
            .map_err(|source| failed("read", &self.path, source))?;
        if n == 0 {
            return Ok(None);
        }
        self.n_read += 1;
        let is_complete = bytes.ends_with(b"\n");
        if is_complete {
            self.complete_bytes += n as u64;
            bytes.pop();
        } else if n as u64 == MAX_LINE {
            return Err(self.error(LineProblem::TooLong));
        }
        Ok(Some((bytes, is_complete)))
    }

    /// The first line with anything on it, without a byte order mark, which some editors put before a text.
    pub(crate) fn first_text(&mut self) -> Result<Option<String>, TextError> {
        while let Some(line) = self.next_text()? {
            let line = line.strip_prefix('\u{feff}').unwrap_or(&line).trim();
            if !line.is_empty() {
                return Ok(Some(line.to_owned()));
            }
        }
        Ok(None)
    }

    /// The next line.
    pub(crate) fn next_text(&mut self) -> Result<Option<String>, TextError> {
        let Some((bytes, _)) = self.next_bytes()? else {
            return Ok(None);
        };
        let text = String::from_utf8(bytes).map_err(|_| self.error(LineProblem::NotUtf8))?;
        Ok(Some(text))
    }
}

/// A system error with what was attempted.
pub(crate) fn failed(action: &'static str, path: &Path, source: std::io::Error) -> TextError {
    TextError::from(DataError::Io {
        action,
        path: path.to_owned(),
        source,
    })
}
