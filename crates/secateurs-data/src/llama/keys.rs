//! The list of all known fields of `config.json`: used, harmless or refused.

use serde_json::Value;

use super::error::{ConfigError, bad_value, unknown_field};
use super::experts::ExpertLayout;
use super::fields::Fields;

/// Fields that are read, in all families or in some.
const USED: [&str; 26] = [
    "architectures",
    "bos_token_id",
    "eos_token_id",
    "head_dim",
    "hidden_act",
    "hidden_size",
    "intermediate_size",
    "max_position_embeddings",
    "model_type",
    "norm_topk_prob",
    "num_attention_heads",
    "num_experts",
    "num_experts_per_tok",
    "num_hidden_layers",
    "num_key_value_heads",
    "num_local_experts",
    "original_max_position_embeddings",
    "pad_token_id",
    "quantization_config",
    "rms_norm_eps",
    "rope_parameters",
    "rope_scaling",
    "rope_theta",
    "router_aux_loss_coef",
    "tie_word_embeddings",
    "vocab_size",
];

/// Fields that never change a model's computation from tokens: number format in memory, training (initial values,
/// dropout, losses), settings of generation that are arguments here, labels, book-keeping of programs.
const HARMLESS: [&str; 125] = [
    "_attn_implementation",
    "_attn_implementation_autoset",
    "_attn_implementation_internal",
    "_commit_hash",
    "_experts_implementation",
    "_flash_attn_2_enabled",
    "_from_model_config",
    "_name_or_path",
    "attention_dropout",
    "attention_probs_dropout_prob",
    "attn_implementation",
    "attn_pdrop",
    "author",
    "auto_map",
    "bad_words_ids",
    "base_model",
    "begin_suppress_tokens",
    "bos_token",
    "cache_implementation",
    "chunk_size_feed_forward",
    "classifier_dropout",
    "custom_pipelines",
    "dataset",
    "description",
    "diversity_penalty",
    "do_sample",
    "dtype",
    "early_stopping",
    "embd_pdrop",
    "embedding_dropout",
    "encoder_no_repeat_ngram_size",
    "eos_token",
    "experts_implementation",
    "exponential_decay_length_penalty",
    "ffn_dropout",
    "finetuning_task",
    "flash_attn",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "gradient_checkpointing",
    "hidden_dropout",
    "hidden_dropout_prob",
    "id2label",
    "init_std",
    "initializer_factor",
    "initializer_range",
    "is_decoder",
    "is_llama_config",
    "keys_to_ignore_at_inference",
    "label2id",
    "language",
    "length_penalty",
    "library_name",
    "license",
    "low_cpu_mem_usage",
    "max_length",
    "max_new_tokens",
    "max_sequence_length",
    "max_window_layers",
    "min_length",
    "min_new_tokens",
    "min_p",
    "mlp_dropout",
    "model_max_length",
    "name",
    "name_or_path",
    "neftune_noise_alpha",
    "no_repeat_ngram_size",
    "num_beam_groups",
    "num_beams",
    "num_labels",
    "num_return_sequences",
    "output_attentions",
    "output_hidden_states",
    "output_past",
    "output_router_logits",
    "output_scores",
    "pad_token",
    "penalty_alpha",
    "prefix",
    "pretraining_tp",
    "problem_type",
    "remove_invalid_values",
    "repetition_penalty",
    "resid_pdrop",
    "residual_dropout",
    "return_dict",
    "return_dict_in_generate",
    "router_jitter_noise",
    "seed",
    "suppress_tokens",
    "task_specific_params",
    "temperature",
    "tf_legacy_loss",
    "tie_last_hidden_states",
    "tokenizer_class",
    "tokenizer_model_max_length",
    "tokenizer_padding_side",
    "top_k",
    "top_p",
    "torch_dtype",
    "torchscript",
    "transformers.js_config",
    "transformers_version",
    "trust_remote_code",
    "typical_p",
    "unk_token",
    "use_bfloat16",
    "use_cache",
    "use_flash_attention",
    "use_flash_attention_2",
    "use_flash_attn",
    "use_fused_cross_entropy",
    "use_fused_mlp",
    "use_fused_rmsnorm",
    "use_fused_rope",
    "use_fused_swiglu",
    "use_liger_kernel",
    "use_memory_efficient_attention",
    "use_memorry_efficient_attention",
    "use_xformers",
    "vocab_file",
    "z_loss_coef",
    "z_loss_weight",
    "zero_stage",
];

/// The start of the names of a training program's book-keeping.
const HARMLESS_START: &str = "unsloth_";

/// The end of the names of special tokens.
const TOKEN_ID: &str = "_token_id";

/// The value of a field that means no change of the computation. `null` always does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Neutral {
    Null,
    False,
    True,
    Zero,
    One,
    /// An object or list without entries.
    Empty,
    Silu,
    /// `full_attention` for every block.
    FullAttention,
    /// A 1 for every block.
    Ones,
    /// A number of at least all positions.
    AllPositions,
}

/// Fields that are refused unless their value changes nothing.
const REFUSED: [(&str, Neutral); 48] = [
    ("activation_function", Neutral::Silu),
    ("add_cross_attention", Neutral::False),
    ("alibi", Neutral::False),
    ("attention_bias", Neutral::False),
    ("attention_chunk_size", Neutral::Null),
    ("attention_multiplier", Neutral::Null),
    ("attn_logit_softcapping", Neutral::Zero),
    ("attn_temperature_tuning", Neutral::False),
    ("clip_qkv", Neutral::Null),
    ("compression_config", Neutral::Null),
    ("cross_attention_hidden_size", Neutral::Null),
    ("embedding_multiplier", Neutral::One),
    ("embedding_scale", Neutral::One),
    ("final_logit_softcapping", Neutral::Zero),
    ("first_k_dense_replace", Neutral::Zero),
    ("hidden_activation", Neutral::Silu),
    ("is_causal", Neutral::True),
    ("is_encoder_decoder", Neutral::False),
    ("layer_types", Neutral::FullAttention),
    ("lm_head_bias", Neutral::False),
    ("logit_scale", Neutral::One),
    ("logits_scaling", Neutral::One),
    ("mlp_bias", Neutral::False),
    ("mlp_layer_types", Neutral::Null),
    ("n_shared_experts", Neutral::Zero),
    ("no_rope_layer_interval", Neutral::Zero),
    ("no_rope_layers", Neutral::Ones),
    ("num_nextn_predict_layers", Neutral::Zero),
    ("parallel_attn", Neutral::False),
    ("partial_rotary_factor", Neutral::One),
    ("per_layer_config", Neutral::Empty),
    ("pruned_heads", Neutral::Empty),
    ("qk_layernorm", Neutral::False),
    ("qk_norm", Neutral::False),
    ("qkv_bias", Neutral::False),
    ("quantization", Neutral::Null),
    ("query_pre_attn_scalar", Neutral::Null),
    ("residual_multiplier", Neutral::One),
    ("residual_scale", Neutral::One),
    ("rope_interleaved", Neutral::False),
    ("rotary_pct", Neutral::One),
    ("sliding_window", Neutral::AllPositions),
    ("sliding_window_pattern", Neutral::Null),
    ("tie_encoder_decoder", Neutral::False),
    ("use_parallel_residual", Neutral::False),
    ("use_qk_norm", Neutral::False),
    ("use_rope", Neutral::True),
    ("use_sliding_window", Neutral::False),
];

/// Fields of mixtures, which a dense model does not have.
const OF_MIXTURES: [&str; 3] = ["num_experts", "num_local_experts", "num_experts_per_tok"];

/// The field that `secateurs pack` marks its models with.
const PACKED: &str = "secateurs";

/// Refuses every field that would change the computation and that nothing here uses.
pub(super) fn check_keys(fields: Fields<'_>, layout: Option<ExpertLayout>) -> Result<(), ConfigError> {
    for (field, value) in fields.iter() {
        if value.is_null() || HARMLESS.contains(&field) || is_book_keeping(field) {
            continue;
        }
        if let Some((_, neutral)) = REFUSED.iter().find(|(refused, _)| *refused == field) {
            neutral.check(field, value, fields)?;
        } else if field == PACKED {
            check_packed(value)?;
        } else if layout.is_none() && OF_MIXTURES.contains(&field) {
            Neutral::Zero.check(field, value, fields)?;
        } else if !USED.contains(&field) && *value != Value::Bool(false) {
            return Err(unknown_field(field, value));
        }
    }
    Ok(())
}

fn is_book_keeping(field: &str) -> bool {
    field.starts_with(HARMLESS_START) || (field.ends_with(TOKEN_ID) && !USED.contains(&field))
}

/// Checks that the mark of a packed model has a known version.
fn check_packed(value: &Value) -> Result<(), ConfigError> {
    match value.get("packed").and_then(Value::as_u64) {
        Some(1) => Ok(()),
        _ => Err(bad_value(PACKED, value, "expected {\"packed\": 1}")),
    }
}

impl Neutral {
    fn check(self, field: &str, value: &Value, fields: Fields<'_>) -> Result<(), ConfigError> {
        if self.admits(value, fields) {
            return Ok(());
        }
        Err(bad_value(field, value, self.expected()))
    }

    fn admits(self, value: &Value, fields: Fields<'_>) -> bool {
        let is_number = |wanted: f64| value.as_f64() == Some(wanted);
        let every = |wanted: &dyn Fn(&Value) -> bool| {
            let n_blocks = fields.get("num_hidden_layers").and_then(Value::as_u64);
            let items = value.as_array();
            items.is_some_and(|items| Some(items.len() as u64) == n_blocks && items.iter().all(wanted))
        };
        match self {
            Self::Null => false,
            Self::False => *value == Value::Bool(false),
            Self::True => *value == Value::Bool(true),
            Self::Zero => is_number(0.0),
            Self::One => is_number(1.0),
            Self::Empty => {
                value.as_object().is_some_and(serde_json::Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
            }
            Self::Silu => value.as_str().is_some_and(is_silu),
            Self::FullAttention => every(&|item| item.as_str() == Some("full_attention")),
            Self::Ones => every(&|item| item.as_f64() == Some(1.0)),
            Self::AllPositions => {
                let positions = fields.get("max_position_embeddings").and_then(Value::as_u64);
                value
                    .as_u64()
                    .zip(positions)
                    .is_some_and(|(window, positions)| window >= positions)
            }
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Null => "expected null",
            Self::False => "expected false",
            Self::True => "expected true",
            Self::Zero => "expected 0 or null",
            Self::One => "expected 1 or null",
            Self::Empty => "expected nothing in it",
            Self::Silu => "expected silu",
            Self::FullAttention => "expected full_attention for every block",
            Self::Ones => "expected 1 for every block",
            Self::AllPositions => "expected null or all positions",
        }
    }
}

/// Whether a name is one of the two for `x * sigmoid(x)` in transformers.
pub(super) fn is_silu(name: &str) -> bool {
    matches!(name, "silu" | "swish")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_names_every_field() {
        let readme = include_str!("../../README.md");
        let refused = REFUSED.iter().map(|(field, _)| *field);
        let others = [PACKED, HARMLESS_START, TOKEN_ID];
        for field in USED.into_iter().chain(HARMLESS).chain(refused).chain(others) {
            assert!(
                readme.contains(&format!("{field}`")),
                "the README does not name {field}"
            );
        }
    }

    #[test]
    fn no_field_is_in_two_lists() {
        let refused = REFUSED.iter().map(|(field, _)| *field);
        let mut all: Vec<&str> = USED.into_iter().chain(HARMLESS).chain(refused).collect();
        let n = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), n);
    }
}
