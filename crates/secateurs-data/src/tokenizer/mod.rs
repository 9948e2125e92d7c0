//! Text to token ids and back.

mod definition;
mod gguf;
mod sentencepiece;
mod split;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::gguf::Metadata;
use crate::{DataError, Result, read_text};

/// Longer runs of white space exhaust the library's regular expressions, which then cut the rest of the text wrongly
/// without saying so; that begins at a million.
const MAX_WHITE_SPACE: usize = 500_000;

/// A tokenizer, from a `tokenizer.json` or a GGUF file.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    path: PathBuf,
    vocab_size: usize,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`. Truncation and padding set there are ignored: they would change texts silently.
    ///
    /// # Errors
    ///
    /// [`DataError::Tokenizer`] or a system error.
    pub fn from_file(path: &Path) -> Result<Self> {
        Self::from_json(&read_text(path)?, path)
    }

    /// Builds the tokenizer that GGUF metadata describes; `path` is for error messages.
    pub(crate) fn from_gguf(metadata: &Metadata, path: &Path) -> Result<Self> {
        Self::from_json(&gguf::tokenizer_json(metadata, path)?.to_string(), path)
    }

    fn from_json(json: &str, path: &Path) -> Result<Self> {
        let failed = |problem: String| DataError::Tokenizer {
            path: path.to_owned(),
            problem,
        };
        definition::check(json).map_err(failed)?;
        let mut inner = guarded(|| tokenizers::Tokenizer::from_bytes(json)).map_err(failed)?;
        inner.with_truncation(None).map_err(|e| failed(e.to_string()))?;
        inner.with_padding(None);
        let vocab_size = inner
            .get_vocab(true)
            .into_values()
            .max()
            .map_or(0, |id| id as usize + 1);
        Ok(Self {
            inner,
            path: path.to_owned(),
            vocab_size,
        })
    }

    /// The ids of `text`, without any token added at its start or end. Names of special tokens in the text are read as
    /// those tokens.
    ///
    /// # Errors
    ///
    /// [`DataError::Tokenizer`] if the definition cannot represent the text, or it has 500,000 white-space characters
    /// in a row.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        if longest_white_space(text) >= MAX_WHITE_SPACE {
            return Err(self.failed(format!(
                "the text has {MAX_WHITE_SPACE} white-space characters in a row"
            )));
        }
        let encoding = guarded(|| self.inner.encode_fast(text, false)).map_err(|problem| self.failed(problem))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The text of `ids`, with the names of special tokens.
    ///
    /// # Errors
    ///
    /// [`DataError::TokenOutOfRange`], or [`DataError::Tokenizer`] if the definition cannot decode.
    pub fn decode(&self, ids: &[u32]) -> Result<String> {
        if let Some(&id) = ids.iter().find(|&&id| id as usize >= self.vocab_size) {
            return Err(DataError::TokenOutOfRange {
                id,
                vocab_size: self.vocab_size,
            });
        }
        guarded(|| self.inner.decode(ids, false)).map_err(|problem| self.failed(problem))
    }

    /// Decodes tokens as they come.
    pub fn stream(&self) -> TextStream<'_> {
        TextStream {
            tokenizer: self,
            ids: Vec::new(),
            n_settled: 0,
        }
    }

    /// One more than the largest id.
    pub fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    /// The id of the token spelled `token`, e.g. `<|endoftext|>`.
    pub fn token_to_id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The tokenizer as the content of a `tokenizer.json`.
    ///
    /// # Errors
    ///
    /// [`DataError::Tokenizer`] if the library cannot write it.
    pub fn to_json(&self) -> Result<String> {
        guarded(|| self.inner.to_string(true)).map_err(|problem| self.failed(problem))
    }

    fn failed(&self, problem: String) -> DataError {
        DataError::Tokenizer {
            path: self.path.clone(),
            problem,
        }
    }
}

/// Text of tokens that come one by one.
///
/// A token may be a part of a character, and what it looks like may depend on the one before it; text is given out once it
/// is certain.
#[derive(Debug)]
pub struct TextStream<'a> {
    tokenizer: &'a Tokenizer,
    /// Tokens since the last place where text was given out, with those of the piece before it.
    ids: Vec<u32>,
    /// How many of `ids` have been given out.
    n_settled: usize,
}

/// What the library writes for a part of a character.
const INCOMPLETE: char = '\u{fffd}';

impl TextStream<'_> {
    /// Takes the next token; returns the text that it completes, which may be empty.
    ///
    /// # Errors
    ///
    /// As for [`Tokenizer::decode`].
    pub fn push(&mut self, id: u32) -> Result<String> {
        self.ids.push(id);
        let text = self.tokenizer.decode(&self.ids)?;
        if text.ends_with(INCOMPLETE) {
            return Ok(String::new());
        }
        self.settle(&text)
    }

    /// The text that is left, with what a cut-off character looks like.
    ///
    /// # Errors
    ///
    /// As for [`Tokenizer::decode`].
    pub fn finish(mut self) -> Result<String> {
        let text = self.tokenizer.decode(&self.ids)?;
        self.settle(&text)
    }

    fn settle(&mut self, text: &str) -> Result<String> {
        let before = self.tokenizer.decode(&self.ids[..self.n_settled])?;
        let new = text.strip_prefix(before.as_str()).unwrap_or(text).to_owned();
        self.ids.drain(..self.n_settled);
        self.n_settled = self.ids.len();
        Ok(new)
    }
}

/// Number of characters in the longest run of white space.
fn longest_white_space(text: &str) -> usize {
    let runs = text.split(|c: char| !c.is_whitespace());
    // Most runs are too short in bytes to matter; counting characters is for the others.
    let long = runs.filter(|run| run.len() >= MAX_WHITE_SPACE);
    long.map(|run| run.chars().count()).max().unwrap_or(0)
}

/// Runs a function of the library, which panics on some definitions that it accepts (one that strips more
/// characters from the end of a token than it has, for example). Untrusted files must not do that to a caller.
fn guarded<T>(call: impl FnOnce() -> tokenizers::Result<T>) -> Result<T, String> {
    // Nothing half-changed is seen afterwards: no call changes the tokenizer, apart from a cache of finished words.
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(_) => Err("the tokenizer library failed on it".to_owned()),
    }
}
