//! The weights of a Llama as the engine reads them.

use secateurs_data::llama::{LlamaConfig, LlamaRole};
use secateurs_sparse::PackedMatrix;

/// The weights of a Llama.
#[derive(Debug, Clone)]
pub struct LlamaWeights {
    /// The shape.
    pub config: LlamaConfig,
    /// `[vocab_size, d_model]`
    pub embedding: PackedMatrix,
    /// One for every block.
    pub blocks: Vec<BlockWeights>,
    /// `[d_model]`
    pub norm: Vec<f32>,
    /// `[vocab_size, d_model]`; `None` if it is the embedding.
    pub head: Option<PackedMatrix>,
}

/// The weights of one block.
#[derive(Debug, Clone)]
pub struct BlockWeights {
    /// `[d_model]`
    pub attention_norm: Vec<f32>,
    /// `[n_heads * d_head, d_model]`
    pub query: PackedMatrix,
    /// `[n_kv_heads * d_head, d_model]`
    pub key: PackedMatrix,
    /// `[n_kv_heads * d_head, d_model]`
    pub value: PackedMatrix,
    /// `[d_model, n_heads * d_head]`
    pub output: PackedMatrix,
    /// `[d_model]`
    pub mlp_norm: Vec<f32>,
    /// `[d_ffn, d_model]`
    pub gate: PackedMatrix,
    /// `[d_ffn, d_model]`
    pub up: PackedMatrix,
    /// `[d_model, d_ffn]`
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

    /// The matrices, in the order in which they are used.
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
    /// The matrix that logits are computed with.
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
