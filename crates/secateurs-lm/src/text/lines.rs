//! Files with one record per line.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use secateurs_data::DataError;

use crate::text::error::{LineProblem, MAX_LINE, TextError};

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

    /// Number of bytes of all complete lines read.
    pub(crate) fn complete_bytes(&self) -> u64 {
        self.complete_bytes
    }

    /// Wraps a problem into an error that names the line read last.
    pub(crate) fn error(&self, problem: LineProblem) -> TextError {
        problem.at(&self.path, self.n_read)
    }

    /// The bytes of the next line without its end, and whether it has one; `None` at the end of the file.
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

    /// The first line that is not blank, without a byte order mark, which some editors put before a text.
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

/// Wraps a system error with the attempted operation.
pub(crate) fn failed(action: &'static str, path: &Path, source: std::io::Error) -> TextError {
    TextError::from(DataError::Io {
        action,
        path: path.to_owned(),
        source,
    })
}
