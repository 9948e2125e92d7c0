//! The cache of keys and values that attention keeps for a sequence.

use secateurs_data::llama::LlamaConfig;
use secateurs_sparse::{FloatVectors, VectorType};

/// Keys and values of all tokens of one sequence so far.
#[derive(Debug, Clone)]
pub struct Cache {
    pub(crate) blocks: Vec<BlockCache>,
    n_tokens: usize,
}

/// Keys and values of one block.
#[derive(Debug, Clone)]
pub(crate) struct BlockCache {
    /// Keys: one list for every key head, of `[n_tokens, d_head]`.
    pub(crate) keys: Vec<FloatVectors>,
    /// Values, arranged as the keys.
    pub(crate) values: Vec<FloatVectors>,
}

impl Cache {
    /// The cache of a sequence without tokens.
    pub fn new(config: &LlamaConfig, vector_type: VectorType) -> Self {
        let heads = || vec![FloatVectors::new(config.d_head, vector_type); config.n_kv_heads];
        let block = || BlockCache {
            keys: heads(),
            values: heads(),
        };
        Self {
            blocks: (0..config.n_blocks).map(|_| block()).collect(),
            n_tokens: 0,
        }
    }

    /// Number of tokens so far.
    pub fn n_tokens(&self) -> usize {
        self.n_tokens
    }

    /// Bytes of keys and values.
    pub fn n_bytes(&self) -> usize {
        let lists = self
            .blocks
            .iter()
            .flat_map(|block| block.keys.iter().chain(&block.values));
        lists.map(FloatVectors::n_bytes).sum()
    }

    /// Removes the tokens from `n_tokens` on.
    pub fn truncate(&mut self, n_tokens: usize) {
        let lists = self
            .blocks
            .iter_mut()
            .flat_map(|block| block.keys.iter_mut().chain(&mut block.values));
        lists.for_each(|list| list.truncate(n_tokens));
        self.n_tokens = self.n_tokens.min(n_tokens);
    }

    /// Counts `n_tokens` more, after all blocks have received their keys and values.
    pub(crate) fn advance(&mut self, n_tokens: usize) {
        self.n_tokens += n_tokens;
    }
}

impl BlockCache {
    /// Appends the keys and values of one token, `[n_kv_heads, d_head]` each.
    pub(crate) fn push(&mut self, keys: &[f32], values: &[f32]) {
        let d_head = keys.len() / self.keys.len();
        for (head, list) in self.keys.iter_mut().enumerate() {
            list.push(&keys[head * d_head..(head + 1) * d_head]);
        }
        for (head, list) in self.values.iter_mut().enumerate() {
            list.push(&values[head * d_head..(head + 1) * d_head]);
        }
    }
}
