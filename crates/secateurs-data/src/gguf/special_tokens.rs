//! Special tokens that metadata names.

use super::lookup::Keys;
use super::value::Value;
use crate::Result;

/// Number of control tokens in `tokenizer.ggml.token_type`.
const CONTROL: u64 = 3;

/// The id that means that there is no such token: -1 as an unsigned number.
const NO_TOKEN: u64 = u32::MAX as u64;

/// Keys of the tokens that end a text, a turn or a message, the end of a text first.
const ENDS: [&str; 3] = [
    "tokenizer.ggml.eos_token_id",
    "tokenizer.ggml.eot_token_id",
    "tokenizer.ggml.eom_token_id",
];

/// Texts of control tokens that end a generation in llama.cpp, even if no key names them.
pub(super) const END_TEXTS: [&str; 13] = [
    "<|eot_id|>",
    "<|eom_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|end_of_text|>",
    "<|endoftext|>",
    "<|end_of_turn|>",
    "<end_of_turn>",
    "<end_of_utterance>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "<\u{ff5c}end\u{2581}of\u{2581}sentence\u{ff5c}>",
];

impl Keys<'_> {
    /// The id of `key`, if it is not llama.cpp's -1; it must have a row in the embedding matrix of `vocab_size` tokens,
    /// or at least a text. A vocabulary that is longer than the matrix is refused when the model is used.
    pub(super) fn token_id(self, key: &str, vocab_size: usize) -> Result<Option<u32>> {
        let texts = self.metadata.get("tokenizer.ggml.tokens").and_then(Value::as_texts);
        let most = vocab_size.max(texts.map_or(0, <[String]>::len)) as u64;
        let valid = |value: &Value| {
            let id = value.as_u64().filter(|id| *id < most)?;
            u32::try_from(id).ok()
        };
        if self.metadata.get(key).and_then(Value::as_u64) == Some(NO_TOKEN) {
            return Ok(None);
        }
        self.optional(key, "the id of a token in the vocabulary", valid)
    }

    /// All tokens that end a generation: the tokens of the keys, then control tokens known by their text.
    pub(super) fn end_tokens(self, vocab_size: usize) -> Result<Vec<u32>> {
        let mut ends = Vec::new();
        for key in ENDS {
            ends.extend(self.token_id(key, vocab_size)?);
        }
        let texts = self.metadata.get("tokenizer.ggml.tokens").and_then(Value::as_texts);
        let kinds = self.metadata.get("tokenizer.ggml.token_type").and_then(Value::as_u64s);
        let kinds = kinds.unwrap_or_default();
        for ((id, text), kind) in (0..).zip(texts.unwrap_or_default()).zip(kinds) {
            if kind == CONTROL && (id as usize) < vocab_size && END_TEXTS.contains(&text.as_str()) {
                ends.push(id);
            }
        }
        let mut seen = std::collections::HashSet::new();
        ends.retain(|id| seen.insert(*id));
        Ok(ends)
    }
}
