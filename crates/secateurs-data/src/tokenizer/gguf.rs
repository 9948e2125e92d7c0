//! The `tokenizer.json` that corresponds to GGUF metadata.

use std::path::Path;

use serde_json::{Map, Value as Json, json};

use super::sentencepiece::{Piece, merges};
use super::split::Splitter;
use crate::error::unsupported;
use crate::gguf::{Metadata, Value};
use crate::{DataError, Result};

/// Kinds of tokens, as numbered in `tokenizer.ggml.token_type`.
const NORMAL: u64 = 1;
const UNKNOWN: u64 = 2;
const CONTROL: u64 = 3;
const USER_DEFINED: u64 = 4;

/// The character that SentencePiece writes for a space.
const SPACE: &str = "\u{2581}";

/// The vocabulary, one entry per id.
struct Vocabulary<'a> {
    tokens: &'a [String],
    kinds: Vec<u64>,
    metadata: &'a Metadata,
    path: &'a Path,
}

/// Builds a `tokenizer.json` for the tokenizer in `metadata` of the file `path`.
pub(super) fn tokenizer_json(metadata: &Metadata, path: &Path) -> Result<Json> {
    let vocabulary = Vocabulary::read(metadata, path)?;
    match text(metadata, "model") {
        Some("gpt2") => vocabulary.byte_level_bpe(),
        Some("llama") => vocabulary.sentencepiece_bpe(),
        Some(other) => Err(unsupported(path, format!("tokenizer type {other:?}"))),
        None => Err(vocabulary.bad("it has no tokenizer: \"tokenizer.ggml.model\" is missing")),
    }
}

impl<'a> Vocabulary<'a> {
    fn read(metadata: &'a Metadata, path: &'a Path) -> Result<Self> {
        let bad = |problem: &str| DataError::Tokenizer {
            path: path.to_owned(),
            problem: problem.to_owned(),
        };
        let tokens = get(metadata, "tokens")
            .and_then(Value::as_texts)
            .ok_or_else(|| bad("\"tokenizer.ggml.tokens\" is missing or no list of texts"))?;
        let kinds = match get(metadata, "token_type") {
            None => vec![NORMAL; tokens.len()],
            Some(value) => value
                .as_u64s()
                .ok_or_else(|| bad("\"tokenizer.ggml.token_type\" is no list of counts"))?,
        };
        if kinds.len() != tokens.len() || u32::try_from(tokens.len()).is_err() {
            return Err(bad("tokens and token types differ in number"));
        }
        Ok(Self {
            tokens,
            kinds,
            metadata,
            path,
        })
    }

    fn byte_level_bpe(&self) -> Result<Json> {
        let name = text(self.metadata, "pre").unwrap_or("default");
        let splitter =
            Splitter::named(name).ok_or_else(|| unsupported(self.path, format!("tokenizer splitting {name:?}")))?;
        let merges = get(self.metadata, "merges")
            .and_then(Value::as_texts)
            .ok_or_else(|| self.bad("\"tokenizer.ggml.merges\" is missing or no list of texts"))?;
        let merges: Vec<Json> = merges.iter().map(|merge| self.pair(merge)).collect::<Result<_>>()?;
        Ok(json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": self.added_tokens(),
            "normalizer": null,
            "pre_tokenizer": splitter.pre_tokenizer(),
            "post_processor": self.post_processor(splitter == Splitter::Llama3)?,
            "decoder": { "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true },
            "model": {
                "type": "BPE",
                "dropout": null,
                "unk_token": null,
                "continuing_subword_prefix": null,
                "end_of_word_suffix": null,
                "fuse_unk": false,
                "byte_fallback": false,
                "ignore_merges": splitter.takes_whole_words(),
                "vocab": self.ids()?,
                "merges": merges,
            },
        }))
    }

    fn sentencepiece_bpe(&self) -> Result<Json> {
        let scores = get(self.metadata, "scores")
            .and_then(Value::as_floats)
            .filter(|scores| scores.len() == self.tokens.len())
            .ok_or_else(|| self.bad("\"tokenizer.ggml.scores\" is missing or has no score per token"))?;
        let normal = (0..self.tokens.len()).filter(|&id| self.kinds[id] == NORMAL);
        let pieces: Vec<Piece<'_>> = normal
            .map(|id| Piece {
                text: &self.tokens[id],
                score: scores[id],
            })
            .collect();
        let merges = merges(&pieces).map_err(|problem| self.bad(&problem))?;
        let prefixed = flag(self.metadata, "add_space_prefix").unwrap_or(true);
        let unknown = (0..self.tokens.len())
            .find(|&id| self.kinds[id] == UNKNOWN)
            .map(|id| &self.tokens[id]);
        let mut normalizers = vec![json!({ "type": "Replace", "pattern": { "String": " " }, "content": SPACE })];
        let mut decoders = vec![
            json!({ "type": "Replace", "pattern": { "String": SPACE }, "content": " " }),
            json!({ "type": "ByteFallback" }),
            json!({ "type": "Fuse" }),
        ];
        if prefixed {
            normalizers.insert(0, json!({ "type": "Prepend", "prepend": SPACE }));
            decoders.push(json!({ "type": "Strip", "content": " ", "start": 1, "stop": 0 }));
        }
        Ok(json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": self.added_tokens(),
            "normalizer": { "type": "Sequence", "normalizers": normalizers },
            "pre_tokenizer": null,
            "post_processor": self.post_processor(true)?,
            "decoder": { "type": "Sequence", "decoders": decoders },
            "model": {
                "type": "BPE",
                "dropout": null,
                "unk_token": unknown,
                "continuing_subword_prefix": null,
                "end_of_word_suffix": null,
                "fuse_unk": true,
                "byte_fallback": true,
                "ignore_merges": false,
                "vocab": self.ids()?,
                "merges": merges,
            },
        }))
    }

    fn ids(&self) -> Result<Map<String, Json>> {
        let mut ids = Map::new();
        for (id, token) in self.tokens.iter().enumerate() {
            if ids.insert(token.clone(), id.into()).is_some() {
                return Err(self.bad(&format!("the token {token:?} occurs twice")));
            }
        }
        Ok(ids)
    }

    /// Tokens that are found in a text before it is cut into words.
    fn added_tokens(&self) -> Vec<Json> {
        let kinds = self.kinds.iter().zip(self.tokens).enumerate();
        let added =
            kinds.filter(|(_, (kind, token))| matches!(**kind, CONTROL | USER_DEFINED | UNKNOWN) && !token.is_empty());
        added
            .map(|(id, (kind, token))| {
                json!({
                    "id": id,
                    "content": token,
                    "single_word": false,
                    "lstrip": false,
                    "rstrip": false,
                    "normalized": false,
                    "special": *kind != USER_DEFINED,
                })
            })
            .collect()
    }

    /// Puts the start token before a text if the model wants it (this crate's `encode` never does).
    fn post_processor(&self, by_default: bool) -> Result<Json> {
        let start = get(self.metadata, "bos_token_id").and_then(Value::as_u64);
        if !flag(self.metadata, "add_bos_token").unwrap_or(by_default && start.is_some()) {
            return Ok(Json::Null);
        }
        let token = start
            .and_then(|id| self.tokens.get(usize::try_from(id).ok()?))
            .ok_or_else(|| self.bad("its metadata ask for a start token and define none"))?;
        let special = json!({ "SpecialToken": { "id": token, "type_id": 0 } });
        let sequence = |name, type_id| json!({ "Sequence": { "id": name, "type_id": type_id } });
        Ok(json!({
            "type": "TemplateProcessing",
            "single": [special, sequence("A", 0)],
            "pair": [special, sequence("A", 0), { "SpecialToken": { "id": token, "type_id": 1 } }, sequence("B", 1)],
            "special_tokens": { token: { "id": token, "ids": [start], "tokens": [token] } },
        }))
    }

    fn pair(&self, merge: &str) -> Result<Json> {
        // A half is never empty, so a space at the very start belongs to the first half.
        let from = merge.chars().next().map_or(0, char::len_utf8);
        let at = merge[from..].find(' ').map(|at| at + from);
        let at = at.ok_or_else(|| self.bad(&format!("the merge {merge:?} has no two halves")))?;
        Ok(json!([merge[..at], merge[at + 1..]]))
    }

    fn bad(&self, problem: &str) -> DataError {
        DataError::Tokenizer {
            path: self.path.to_owned(),
            problem: problem.to_owned(),
        }
    }
}

fn get<'a>(metadata: &'a Metadata, key: &str) -> Option<&'a Value> {
    metadata.get(&format!("tokenizer.ggml.{key}"))
}

fn text<'a>(metadata: &'a Metadata, key: &str) -> Option<&'a str> {
    get(metadata, key)?.as_text()
}

fn flag(metadata: &Metadata, key: &str) -> Option<bool> {
    get(metadata, key)?.as_bool()
}
