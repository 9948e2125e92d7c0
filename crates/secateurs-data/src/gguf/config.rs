//! The `config.json` and `tokenizer_config.json` that a GGUF file's metadata stands for.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::value::{Metadata, Value};
use crate::error::{malformed, unsupported};
use crate::{DataError, Result};

/// Metadata lookups that know their file.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a> {
    pub(super) metadata: &'a Metadata,
    pub(super) path: &'a Path,
}

impl Keys<'_> {
    pub(super) fn count(self, key: &str) -> Result<usize> {
        self.optional_count(key)?
            .ok_or_else(|| self.bad(format!("metadata {key:?} is missing")))
    }

    pub(super) fn optional_count(self, key: &str) -> Result<Option<usize>> {
        // No count of a model comes near 2^31; larger ones would only overflow later on.
        let valid = |value: &Value| value.as_u64().filter(|n| (1..1 << 31).contains(n)).map(|n| n as usize);
        self.optional(key, "a positive number", valid)
    }

    pub(super) fn optional_number(self, key: &str) -> Result<Option<f64>> {
        self.optional(key, "a positive number", |value| {
            value.as_f64().filter(|n| n.is_finite() && *n > 0.0)
        })
    }

    fn optional<T>(self, key: &str, expected: &str, read: impl Fn(&Value) -> Option<T>) -> Result<Option<T>> {
        match self.metadata.get(key) {
            None => Ok(None),
            Some(value) => match read(value) {
                Some(value) => Ok(Some(value)),
                None => Err(self.bad(format!("metadata {key:?} is not {expected}"))),
            },
        }
    }

    fn bad(self, problem: String) -> DataError {
        malformed(self.path, "GGUF", problem)
    }

    fn text(self, key: &str) -> Option<&'static str>
    where
        Self: Copy,
    {
        // Only compared against these, so owned text is not needed.
        let value = self.metadata.get(key)?.as_text()?;
        ["none", "linear"].into_iter().find(|known| *known == value)
    }
}

/// What a config needs besides metadata.
pub(crate) struct ModelFacts {
    /// Length of the embedding table.
    pub(crate) vocab_size: usize,
    /// Whether there is no separate output matrix.
    pub(crate) tied: bool,
    /// Scaling of the rotary frequencies found in tensors.
    pub(crate) rope_scaling: Json,
}

/// Heads of the attention: query heads, key-value heads and their size.
pub(super) struct Heads {
    pub(super) n_heads: usize,
    pub(super) n_kv_heads: usize,
    pub(super) d_head: usize,
}

impl Heads {
    pub(super) fn read(keys: Keys<'_>) -> Result<Self> {
        let n_heads = keys.count("llama.attention.head_count")?;
        let n_kv_heads = keys.optional_count("llama.attention.head_count_kv")?.unwrap_or(n_heads);
        let d_model = keys.count("llama.embedding_length")?;
        let d_head = match keys.optional_count("llama.attention.key_length")? {
            Some(d_head) => d_head,
            None if d_model.is_multiple_of(n_heads) => d_model / n_heads,
            None => return Err(keys.bad(format!("{n_heads} heads do not divide {d_model} dimensions"))),
        };
        if !d_head.is_multiple_of(2) || !n_heads.is_multiple_of(n_kv_heads) {
            return Err(keys.bad(format!(
                "{n_heads} heads of {d_head} with {n_kv_heads} key heads are impossible"
            )));
        }
        Ok(Self {
            n_heads,
            n_kv_heads,
            d_head,
        })
    }
}

pub(super) fn rope_theta(keys: Keys<'_>) -> Result<f64> {
    Ok(keys.optional_number("llama.rope.freq_base")?.unwrap_or(10_000.0))
}

/// A Hugging Face `config.json`.
pub(crate) fn hf_config(metadata: &Metadata, path: &Path, facts: ModelFacts) -> Result<Json> {
    let keys = Keys { metadata, path };
    let heads = Heads::read(keys)?;
    let epsilon = keys
        .optional_number("llama.attention.layer_norm_rms_epsilon")?
        .unwrap_or(1e-5);
    let mut config = json!({
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "hidden_size": keys.count("llama.embedding_length")?,
        "intermediate_size": keys.count("llama.feed_forward_length")?,
        "num_hidden_layers": keys.count("llama.block_count")?,
        "num_attention_heads": heads.n_heads,
        "num_key_value_heads": heads.n_kv_heads,
        "head_dim": heads.d_head,
        "max_position_embeddings": keys.count("llama.context_length")?,
        "rms_norm_eps": epsilon,
        "rope_theta": rope_theta(keys)?,
        "vocab_size": facts.vocab_size,
        "tie_word_embeddings": facts.tied,
        "attention_bias": false,
        "mlp_bias": false,
        "torch_dtype": "float32",
    });
    match combine_scaling(keys, facts.rope_scaling)? {
        Json::Null => {}
        scaling => config["rope_scaling"] = scaling,
    }
    for (name, key) in [("bos", "bos"), ("eos", "eos"), ("pad", "padding")] {
        if let Some(id) = metadata
            .get(&format!("tokenizer.ggml.{key}_token_id"))
            .and_then(Value::as_u64)
        {
            config[format!("{name}_token_id")] = id.into();
        }
    }
    Ok(config)
}

/// Scaling named in the metadata, or else the one found in tensors.
fn combine_scaling(keys: Keys<'_>, found: Json) -> Result<Json> {
    const KIND: &str = "llama.rope.scaling.type";
    let factor = match keys.optional_number("llama.rope.scaling.factor")? {
        None => keys.optional_number("llama.rope.scale_linear")?,
        some => some,
    };
    match (keys.text(KIND), keys.metadata.get(KIND)) {
        (Some("linear"), _) | (None, None) if factor.is_some_and(|factor| factor != 1.0) => {
            Ok(json!({ "rope_type": "linear", "factor": factor }))
        }
        (Some(_), _) | (None, None) => Ok(found),
        (None, Some(kind)) => Err(unsupported(keys.path, format!("rotary scaling {kind:?}"))),
    }
}

/// A Hugging Face `tokenizer_config.json`.
pub(crate) fn hf_tokenizer_config(metadata: &Metadata) -> Json {
    let mut config = json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": false,
    });
    let tokens = metadata
        .get("tokenizer.ggml.tokens")
        .and_then(Value::as_texts)
        .unwrap_or_default();
    for (name, key) in [("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding")] {
        let id = metadata
            .get(&format!("tokenizer.ggml.{key}_token_id"))
            .and_then(Value::as_u64);
        if let Some(token) = id.and_then(|id| tokens.get(usize::try_from(id).ok()?)) {
            config[format!("{name}_token")] = token.as_str().into();
        }
    }
    if let Some(template) = metadata.get("tokenizer.chat_template").and_then(Value::as_text) {
        config["chat_template"] = template.into();
    }
    if let Some(length) = metadata.get("llama.context_length").and_then(Value::as_u64) {
        config["model_max_length"] = length.into();
    }
    config
}
