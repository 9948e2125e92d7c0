//! The list of all known metadata keys of a Llama: used, harmless or refused.

use super::lookup::Keys;
use super::value::Value;
use crate::Result;
use crate::error::unsupported;

/// Keys that are read.
const USED: [&str; 23] = [
    "general.alignment",
    "general.architecture",
    "llama.attention.head_count",
    "llama.attention.head_count_kv",
    "llama.attention.key_length",
    "llama.attention.layer_norm_rms_epsilon",
    "llama.attention.value_length",
    "llama.block_count",
    "llama.context_length",
    "llama.embedding_length",
    "llama.feed_forward_length",
    "llama.rope.dimension_count",
    "llama.rope.freq_base",
    "llama.rope.scale_linear",
    "llama.rope.scaling.factor",
    "llama.rope.scaling.type",
    "llama.vocab_size",
    "split.count",
    "tokenizer.ggml.bos_token_id",
    "tokenizer.ggml.eom_token_id",
    "tokenizer.ggml.eos_token_id",
    "tokenizer.ggml.eot_token_id",
    "tokenizer.ggml.padding_token_id",
];

/// Keys that never change a Llama's computation from tokens.
const HARMLESS: [&str; 2] = [
    "llama.rope.scaling.finetuned",
    "llama.rope.scaling.original_context_length",
];

/// The value of a key that means no change of the computation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Neutral {
    False,
    True,
    Zero,
    One,
    /// The words for the layout of a Llama's tensors, which their names imply.
    LlamaLayout,
    /// The number 0, or the usual `1 / sqrt(d_head)`.
    UsualScale,
    /// The number 0, or the number of positions.
    AllPositions,
    /// The word for a whole model.
    Model,
    /// The version of the encodings that are read.
    Two,
}

/// Keys that are refused unless their value changes nothing.
const REFUSED: [(&str, Neutral); 19] = [
    ("general.quantization_version", Neutral::Two),
    ("general.type", Neutral::Model),
    ("llama.attention.causal", Neutral::True),
    ("llama.attention.clamp_kqv", Neutral::Zero),
    ("llama.attention.max_alibi_bias", Neutral::Zero),
    ("llama.attention.scale", Neutral::UsualScale),
    ("llama.attention.sliding_window", Neutral::AllPositions),
    ("llama.attn_logit_softcapping", Neutral::Zero),
    ("llama.embedding_scale", Neutral::One),
    ("llama.expert_count", Neutral::Zero),
    ("llama.expert_used_count", Neutral::Zero),
    ("llama.final_logit_softcapping", Neutral::Zero),
    ("llama.logit_scale", Neutral::One),
    ("llama.nextn_predict_layers", Neutral::Zero),
    ("llama.pooling_type", Neutral::Zero),
    ("llama.residual_scale", Neutral::One),
    ("llama.rope.scaling.attn_factor", Neutral::One),
    ("llama.tensor_data_layout", Neutral::LlamaLayout),
    ("llama.use_parallel_residual", Neutral::False),
];

/// Starts of keys that are refused unless a list names them.
const REFUSED_STARTS: [&str; 2] = ["llama.", "adapter."];

/// Dimensions that the neutral values depend on.
pub(super) struct Shape {
    pub(super) d_head: usize,
    pub(super) n_positions: usize,
}

/// Refuses every key that would change the computation and that nothing here uses.
pub(super) fn check_keys(keys: Keys<'_>, shape: &Shape) -> Result<()> {
    for (key, value) in keys.metadata {
        let key = key.as_str();
        if USED.contains(&key) || HARMLESS.contains(&key) {
            continue;
        }
        if let Some((_, neutral)) = REFUSED.iter().find(|(refused, _)| *refused == key) {
            if !neutral.admits(value, shape) {
                return Err(unsupported(
                    keys.path,
                    format!(
                        "{key:?} = {}, where {} would change nothing",
                        value.preview(),
                        neutral.expected()
                    ),
                ));
            }
        } else if REFUSED_STARTS.iter().any(|start| key.starts_with(start)) {
            let feature = format!(
                "the metadata {key:?} = {}, whose meaning is not known here",
                value.preview()
            );
            return Err(unsupported(keys.path, feature));
        }
    }
    Ok(())
}

impl Neutral {
    fn admits(self, value: &Value, shape: &Shape) -> bool {
        let number = value.as_f64();
        match self {
            Self::False => value.as_bool() == Some(false),
            Self::True => value.as_bool() == Some(true),
            Self::Zero => number == Some(0.0),
            Self::One => number == Some(1.0),
            Self::Two => value.as_u64() == Some(2),
            Self::LlamaLayout => matches!(value.as_text(), Some("Meta AI original pth" | "reference")),
            Self::Model => value.as_text() == Some("model"),
            Self::UsualScale => {
                let usual = 1.0 / (shape.d_head as f64).sqrt();
                number.is_some_and(|scale| scale == 0.0 || (scale / usual - 1.0).abs() < 1e-6)
            }
            Self::AllPositions => {
                let window = value.as_u64();
                window.is_some_and(|window| window == 0 || window >= shape.n_positions as u64)
            }
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::False => "false",
            Self::True => "true",
            Self::Zero => "0",
            Self::One => "1",
            Self::Two => "2",
            Self::LlamaLayout => "\"Meta AI original pth\" or \"reference\"",
            Self::Model => "\"model\"",
            Self::UsualScale => "0 or 1 / sqrt(head size)",
            Self::AllPositions => "0 or all positions",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_names_every_key() {
        let readme = include_str!("../../README.md");
        let refused = REFUSED.iter().map(|(key, _)| *key);
        for key in USED.into_iter().chain(HARMLESS).chain(refused) {
            assert!(readme.contains(&format!("`{key}`")), "the README does not name {key}");
        }
    }
}
