//! The `config.json` and `tokenizer_config.json` that correspond to a GGUF file's metadata.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::keys::{Shape, check_keys};
use super::lookup::Keys;
use super::value::{Metadata, Value};
use crate::Result;
use crate::error::unsupported;

/// Facts that a configuration needs besides metadata.
pub(crate) struct ModelFacts {
    /// Length of the embedding table.
    pub(crate) vocab_size: usize,
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
        const HEADS: &str = "llama.attention.head_count";
        let n_heads = keys.required(HEADS, keys.count_of_blocks(HEADS)?)?;
        let n_kv_heads = keys
            .count_of_blocks("llama.attention.head_count_kv")?
            .unwrap_or(n_heads);
        let d_model = keys.count("llama.embedding_length")?;
        // Either length is the quotient where it is missing, also if the other one is given.
        let length = |key: &str| match keys.optional_count(key)? {
            Some(length) => Ok(length),
            None if d_model.is_multiple_of(n_heads) => Ok(d_model / n_heads),
            None => Err(keys.bad(format!("{n_heads} heads do not divide {d_model} dimensions"))),
        };
        let d_head = length("llama.attention.key_length")?;
        let d_value = length("llama.attention.value_length")?;
        if d_value != d_head {
            return Err(unsupported(
                keys.path,
                format!(
                    "values of {d_value} and keys of {d_head} dimensions a head (\"llama.attention.value_length\")"
                ),
            ));
        }
        let turned = keys.optional_count("llama.rope.dimension_count")?.unwrap_or(d_head);
        if turned != d_head {
            return Err(unsupported(
                keys.path,
                format!("\"llama.rope.dimension_count\" = {turned} for heads of {d_head} dimensions"),
            ));
        }
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

/// Builds a Hugging Face `config.json`.
pub(crate) fn hf_config(metadata: &Metadata, path: &Path, facts: ModelFacts) -> Result<Json> {
    const EPSILON: &str = "llama.attention.layer_norm_rms_epsilon";
    const FFN: &str = "llama.feed_forward_length";
    let keys = Keys { metadata, path };
    let heads = Heads::read(keys)?;
    let n_positions = keys.count("llama.context_length")?;
    let shape = Shape {
        d_head: heads.d_head,
        n_positions,
    };
    check_keys(keys, &shape)?;
    let vocab_size = facts.vocab_size;
    if let Some(named) = keys
        .optional_count("llama.vocab_size")?
        .filter(|named| *named != vocab_size)
    {
        let problem = format!("\"llama.vocab_size\" is {named}, but the embedding matrix has {vocab_size} tokens");
        return Err(keys.bad(problem));
    }
    let epsilon = keys.optional_number(EPSILON)?;
    let epsilon = epsilon.ok_or_else(|| keys.bad(format!("metadata {EPSILON:?} is missing")))?;
    let mut config = json!({
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "hidden_size": keys.count("llama.embedding_length")?,
        "intermediate_size": keys.required(FFN, keys.count_of_blocks(FFN)?)?,
        "num_hidden_layers": keys.count("llama.block_count")?,
        "num_attention_heads": heads.n_heads,
        "num_key_value_heads": heads.n_kv_heads,
        "head_dim": heads.d_head,
        "max_position_embeddings": n_positions,
        "rms_norm_eps": epsilon,
        "rope_theta": rope_theta(keys)?,
        "vocab_size": vocab_size,
        // Unless there is an output matrix of other values.
        "tie_word_embeddings": true,
        "attention_bias": false,
        "mlp_bias": false,
        "torch_dtype": "float32",
    });
    match combine_scaling(keys, facts.rope_scaling)? {
        Json::Null => {}
        scaling => config["rope_scaling"] = scaling,
    }
    for (field, key) in [("bos_token_id", "bos"), ("pad_token_id", "padding")] {
        if let Some(id) = keys.token_id(&format!("tokenizer.ggml.{key}_token_id"), vocab_size)? {
            config[field] = id.into();
        }
    }
    match keys.end_tokens(vocab_size)?.as_slice() {
        [] => {}
        [id] => config["eos_token_id"] = (*id).into(),
        ids => config["eos_token_id"] = ids.into(),
    }
    Ok(config)
}

/// Combines the rules that stretch frequencies, as llama.cpp does: the linear factor of the metadata unless the type is
/// `none`, and the factors `found` in tensors. Both together are refused, for no `config.json` can say that.
fn combine_scaling(keys: Keys<'_>, found: Json) -> Result<Json> {
    const KIND: &str = "llama.rope.scaling.type";
    let factor = match keys.optional_factor("llama.rope.scaling.factor")? {
        None => keys.optional_factor("llama.rope.scale_linear")?,
        some => some,
    };
    let kind = keys.optional(KIND, "a text", |value| value.as_text().map(str::to_owned))?;
    let factor = match kind.as_deref() {
        Some("none") => None,
        None | Some("linear") => factor.filter(|factor| *factor != 1.0),
        Some(kind) => return Err(unsupported(keys.path, format!("rotary scaling {kind:?} ({KIND:?})"))),
    };
    match (factor, found) {
        (None, found) => Ok(found),
        (Some(factor), Json::Null) => Ok(json!({ "rope_type": "linear", "factor": factor })),
        (Some(_), _) => Err(unsupported(
            keys.path,
            "a linear rotary factor beside the factors of \"rope_freqs.weight\"",
        )),
    }
}

/// Builds a Hugging Face `tokenizer_config.json`.
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
