//! The weights of a Llama in the form that the engine reads.

use secateurs_data::llama::{LlamaConfig, LlamaRole};
use secateurs_sparse::PackedMatrix;

/// The weights of a Llama.
#[derive(Debug, Clone)]
pub struct LlamaWeights {
    /// The shape.
    pub config: LlamaConfig,
    /// Embedding, `[vocab_size, d_model]`.
    pub embedding: PackedMatrix,
    /// Blocks in order.
    pub blocks: Vec<BlockWeights>,
    /// Final norm, `[d_model]`.
    pub norm: Vec<f32>,
    /// Output matrix, `[vocab_size, d_model]`; `None` if it is the embedding.
    pub head: Option<PackedMatrix>,
}

/// The weights of one block.
#[derive(Debug, Clone)]
pub struct BlockWeights {
    /// Norm before attention, `[d_model]`.
    pub attention_norm: Vec<f32>,
    /// Query weights, `[n_heads * d_head, d_model]`.
    pub query: PackedMatrix,
    /// Key weights, `[n_kv_heads * d_head, d_model]`.
    pub key: PackedMatrix,
    /// Value weights, `[n_kv_heads * d_head, d_model]`.
    pub value: PackedMatrix,
    /// Output weights, `[d_model, n_heads * d_head]`.
    pub output: PackedMatrix,
    /// Norm before the SwiGLU layer, `[d_model]`.
    pub mlp_norm: Vec<f32>,
    /// Gate weights, `[d_ffn, d_model]`.
    pub gate: PackedMatrix,
    /// Up weights, `[d_ffn, d_model]`.
    pub up: PackedMatrix,
    /// Down weights, `[d_model, d_ffn]`.
    pub down: PackedMatrix,
}

impl BlockWeights {
    /// Roles of the [`matrices`](Self::matrices), in the same order.
    pub(crate) const ROLES: [LlamaRole; 7] = [
        LlamaRole::Query,
        LlamaRole::Key,
        LlamaRole::Value,
        LlamaRole::AttentionOutput,
        LlamaRole::Gate,
        LlamaRole::Up,
        LlamaRole::Down,
    ];

    /// The matrices, in the order of their use.
    pub fn matrices(&self) -> [&PackedMatrix; 7] {
        [
            &self.query,
            &self.key,
            &self.value,
            &self.output,
            &self.gate,
            &self.up,
            &self.down,
        ]
    }
}

impl LlamaWeights {
    /// The matrix that computes the logits.
    pub fn head(&self) -> &PackedMatrix {
        self.head.as_ref().unwrap_or(&self.embedding)
    }

    /// Bytes of weights that are read for one token: all matrices of the blocks, the head, one embedding and the norms.
    pub fn bytes_per_token(&self) -> usize {
        let matrices = self.blocks.iter().flat_map(BlockWeights::matrices);
        let norms = (2 * self.blocks.len() + 1) * 4 * self.config.d_model;
        let embedding = self.embedding.n_bytes() / self.config.vocab_size;
        matrices.map(PackedMatrix::n_bytes).sum::<usize>() + self.head().n_bytes() + embedding + norms
    }

    /// Bytes of all weights.
    pub fn n_bytes(&self) -> usize {
        let head = self.head.as_ref().map_or(0, PackedMatrix::n_bytes);
        let matrices = self.blocks.iter().flat_map(BlockWeights::matrices);
        let norms = (2 * self.blocks.len() + 1) * 4 * self.config.d_model;
        matrices.map(PackedMatrix::n_bytes).sum::<usize>() + self.embedding.n_bytes() + head + norms
    }
}
