//! Dimensions of the parts of a model.

use serde::Serialize;

/// Widths and heads of a transformer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TransformerShape {
    /// Width of the residual stream.
    pub d_model: usize,
    /// Query heads and key-value heads.
    pub heads: (usize, usize),
    /// Width of the SwiGLU layer, or of one expert.
    pub d_ffn: usize,
}

/// Experts of a mixture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MixtureShape {
    /// Experts of a block.
    pub n_experts: usize,
    /// Experts that answer a token.
    pub top_k: usize,
    /// The `model_type` of models with such a mixture.
    pub model_type: &'static str,
}
