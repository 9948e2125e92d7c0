//! Tokenizers: convert text to token ids and back.

mod definition;
mod gguf;
mod sentencepiece;
mod settings;
mod split;
mod stream;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::gguf::Metadata;
use crate::{DataError, Result, read_text};

pub use stream::TextStream;

/// Longest run of white space that is encoded: longer ones (from a million on) exhaust the library's regular
/// expressions, which then cut the rest of the text wrongly without an error.
const MAX_WHITE_SPACE: usize = 500_000;

/// A tokenizer, from a `tokenizer.json` or a GGUF file.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    path: PathBuf,
    vocab_size: usize,
    /// Whether some tokens stand for single bytes, such as `<0x0A>`.
    has_byte_tokens: bool,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`. Truncation, padding and dropout set there are for training and ignored: they would change
    /// texts silently.
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
        let definition = definition::without_dropout(json).map_err(failed)?;
        let mut inner = guard(|| tokenizers::Tokenizer::from_bytes(&*definition)).map_err(failed)?;
        inner.with_truncation(None).map_err(|e| failed(e.to_string()))?;
        inner.with_padding(None);
        let vocab_size = inner
            .get_vocab(true)
            .into_values()
            .max()
            .map_or(0, |id| id as usize + 1);
        let decoder = serde_json::to_value(inner.get_decoder()).unwrap_or(Json::Null);
        Ok(Self {
            has_byte_tokens: decoder.to_string().contains("\"ByteFallback\""),
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
        let encoding = guard(|| self.inner.encode_fast(text, false)).map_err(|problem| self.failed(problem))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The tokens that this tokenizer puts before a text that a model should continue, such as Llama's start token;
    /// none if its model was trained without.
    ///
    /// They are those before the text in `post_processor`, which transformers follows as well: `add_bos_token` of
    /// `tokenizer_config.json` has no effect beside a `tokenizer.json`. Of a GGUF file, `tokenizer.ggml.add_bos_token` decides,
    /// which is by default set for SentencePiece and Llama 3. Tokens after the text are left out: a text that ends is not
    /// continued.
    ///
    /// # Errors
    ///
    /// [`DataError::Tokenizer`] if the definition cannot encode.
    pub fn start_tokens(&self) -> Result<Vec<u32>> {
        for text in ["a", "0", " ", "\n"] {
            let encoding = guard(|| self.inner.encode(text, true)).map_err(|problem| self.failed(problem))?;
            let mask = encoding.get_special_tokens_mask();
            if let Some(n_before) = mask.iter().position(|is_special| *is_special == 0) {
                return Ok(encoding.get_ids()[..n_before].to_vec());
            }
        }
        Ok(Vec::new())
    }

    /// The text of `ids`, with the names of special tokens. An id that no token has, as where an output matrix is padded, has no
    /// text.
    ///
    /// # Errors
    ///
    /// [`DataError::Tokenizer`] if the definition cannot decode.
    pub fn decode(&self, ids: &[u32]) -> Result<String> {
        guard(|| self.inner.decode(ids, false)).map_err(|problem| self.failed(problem))
    }

    /// Starts to decode tokens as they come.
    pub fn stream(&self) -> TextStream<'_> {
        TextStream::new(self)
    }

    /// Size of the vocabulary: one more than the largest id.
    pub fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    /// The id of the token spelled `token`, e.g. `<|endoftext|>`.
    pub fn token_to_id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The content of the tokenizer as a `tokenizer.json`.
    ///
    /// # Errors
    ///
    /// [`DataError::Tokenizer`] if the library cannot write it.
    pub fn to_json(&self) -> Result<String> {
        guard(|| self.inner.to_string(true)).map_err(|problem| self.failed(problem))
    }

    fn failed(&self, problem: String) -> DataError {
        DataError::Tokenizer {
            path: self.path.clone(),
            problem,
        }
    }
}

/// Number of characters in the longest run of white space.
fn longest_white_space(text: &str) -> usize {
    let runs = text.split(|c: char| !c.is_whitespace());
    // Most runs are too short in bytes to matter; counting characters is for the others.
    let long = runs.filter(|run| run.len() >= MAX_WHITE_SPACE);
    long.map(|run| run.chars().count()).max().unwrap_or(0)
}

/// Runs a function of the library and turns its panics into errors; it panics on some definitions that it accepts (one
/// that strips more characters from the end of a token than it has, for example). Untrusted files must not do that to a
/// caller.
fn guard<T>(call: impl FnOnce() -> tokenizers::Result<T>) -> Result<T, String> {
    // Nothing half-changed is seen afterwards: no call changes the tokenizer, except its cache of finished words.
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(_) => Err("the tokenizer library failed on it".to_owned()),
    }
}
