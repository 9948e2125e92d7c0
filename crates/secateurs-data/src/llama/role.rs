//! Roles of the tensors of a Llama.

use super::config::LlamaConfig;
use crate::TensorKind;

/// The role of a tensor in a Llama, which determines its layer and its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LlamaRole {
    /// Embedding, `[vocab_size, d_model]`.
    Embedding,
    /// Norm before attention, `[d_model]`.
    AttentionNorm,
    /// Query weights, `[n_heads * d_head, d_model]`.
    Query,
    /// Key weights, `[n_kv_heads * d_head, d_model]`.
    Key,
    /// Value weights, `[n_kv_heads * d_head, d_model]`.
    Value,
    /// Output weights of attention, `[d_model, n_heads * d_head]`.
    AttentionOutput,
    /// Norm of all query heads together, `[n_heads * d_head]`.
    QueryNorm,
    /// Norm of all key heads together, `[n_kv_heads * d_head]`.
    KeyNorm,
    /// Norm before the SwiGLU layer or the mixture of experts, `[d_model]`.
    MlpNorm,
    /// Logits of the experts for a token, `[n_experts, d_model]`.
    Router,
    /// Gate of the SwiGLU layer or of an expert, `[d_ffn, d_model]`.
    Gate,
    /// Up weights of the SwiGLU layer or of an expert, `[d_ffn, d_model]`.
    Up,
    /// Down weights of the SwiGLU layer or of an expert, `[d_model, d_ffn]`.
    Down,
    /// Norm after the last block, `[d_model]`.
    FinalNorm,
    /// The output matrix, `[vocab_size, d_model]`, where it is not the embedding.
    Head,
}

impl LlamaRole {
    /// The roles inside a block before the SwiGLU layer or the mixture, in file order.
    pub(super) const ATTENTION: [Self; 8] = [
        Self::AttentionNorm,
        Self::Query,
        Self::Key,
        Self::Value,
        Self::AttentionOutput,
        Self::QueryNorm,
        Self::KeyNorm,
        Self::MlpNorm,
    ];

    /// The roles of a SwiGLU layer, in file order.
    pub(super) const SWIGLU: [Self; 3] = [Self::Gate, Self::Up, Self::Down];

    /// The kind of tensor in this role.
    pub fn kind(self) -> TensorKind {
        match self {
            Self::Embedding => TensorKind::Embedding,
            Self::AttentionNorm | Self::QueryNorm | Self::KeyNorm | Self::MlpNorm | Self::FinalNorm => {
                TensorKind::Vector
            }
            _ => TensorKind::Linear,
        }
    }

    /// Whether this is a norm of queries or keys, which only some layouts have.
    pub(super) fn is_head_norm(self) -> bool {
        matches!(self, Self::QueryNorm | Self::KeyNorm)
    }

    /// Path of the layer in the model, its block, or its SwiGLU layer.
    pub(super) fn layer(self) -> &'static str {
        match self {
            Self::Embedding => "model.embed_tokens",
            Self::AttentionNorm => "input_layernorm",
            Self::Query => "self_attn.q_proj",
            Self::Key => "self_attn.k_proj",
            Self::Value => "self_attn.v_proj",
            Self::AttentionOutput => "self_attn.o_proj",
            Self::QueryNorm => "self_attn.q_norm",
            Self::KeyNorm => "self_attn.k_norm",
            Self::MlpNorm => "post_attention_layernorm",
            Self::Router => "moe.gate",
            Self::Gate => "gate_proj",
            Self::Up => "up_proj",
            Self::Down => "down_proj",
            Self::FinalNorm => "model.norm",
            Self::Head => "lm_head",
        }
    }

    /// Shape in a file.
    pub(super) fn shape(self, config: &LlamaConfig) -> Vec<usize> {
        let LlamaConfig { d_model, d_ffn, .. } = *config;
        let (d_query, d_key) = (config.n_heads * config.d_head, config.n_kv_heads * config.d_head);
        match self {
            Self::Embedding | Self::Head => vec![config.vocab_size, d_model],
            Self::AttentionNorm | Self::MlpNorm | Self::FinalNorm => vec![d_model],
            Self::Query => vec![d_query, d_model],
            Self::Key | Self::Value => vec![d_key, d_model],
            Self::AttentionOutput => vec![d_model, d_query],
            Self::QueryNorm => vec![d_query],
            Self::KeyNorm => vec![d_key],
            Self::Router => vec![config.experts.map_or(0, |experts| experts.n_experts), d_model],
            Self::Gate | Self::Up => vec![d_ffn, d_model],
            Self::Down => vec![d_model, d_ffn],
        }
    }
}
