//! Models without meaning, to measure with.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rayon::prelude::*;
use secateurs_data::llama::LlamaConfig;
use secateurs_sparse::{Format, PackedMatrix, ValueType, choose};

use crate::error::RuntimeError;
use crate::weights::{BlockWeights, LlamaWeights};

/// How the weights of a synthetic model are made and stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Synthetic {
    /// Probability that a weight of a block is zero.
    pub sparsity: f64,
    /// How the weights of the blocks are stored, in the format that is fastest for each matrix.
    pub values: ValueType,
    /// How the embedding, which is the output matrix too, is stored.
    pub head: ValueType,
    /// Of the random numbers.
    pub seed: u64,
}

/// The shape of a Llama with about a billion parameters, whose weights no cache holds.
pub fn one_billion() -> LlamaConfig {
    LlamaConfig {
        d_model: 2048,
        d_ffn: 8192,
        n_blocks: 16,
        n_heads: 32,
        n_kv_heads: 8,
        d_head: 64,
        vocab_size: 32_000,
        max_positions: 4096,
        norm_eps: 1e-5,
        rope_theta: 10_000.0,
        rope_scaling: None,
        tied_head: true,
        experts: None,
    }
}

impl LlamaWeights {
    /// Random weights, uniform within `1 / sqrt(d_input)` so that activations keep their size.
    ///
    /// `listener` is called with the number of blocks done and their total.
    ///
    /// # Errors
    ///
    /// If the shape is too large for a format, or that of a mixture of experts.
    pub fn synthetic(
        config: LlamaConfig,
        synthetic: &Synthetic,
        listener: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, RuntimeError> {
        config.check_dense("the engine")?;
        let (d_model, d_ffn, n_blocks) = (config.d_model, config.d_ffn, config.n_blocks);
        let (d_query, d_key) = (config.n_heads * config.d_head, config.n_kv_heads * config.d_head);
        let dims = [
            [d_query, d_model],
            [d_key, d_model],
            [d_key, d_model],
            [d_model, d_query],
            [d_ffn, d_model],
            [d_ffn, d_model],
            [d_model, d_ffn],
        ];
        let mut blocks = Vec::with_capacity(n_blocks);
        for block in 0..n_blocks {
            let pack = |(index, dims): (usize, &[usize; 2])| {
                let weights = random(
                    *dims,
                    synthetic.sparsity,
                    synthetic.seed,
                    1 + (7 * block + index) as u64,
                );
                let choice = choose(&weights, *dims, synthetic.values);
                packed(&weights, *dims, choice.format, choice.value_type)
            };
            let matrices: Result<Vec<_>, _> = dims.par_iter().enumerate().map(pack).collect();
            let [query, key, value, output, gate, up, down]: [PackedMatrix; 7] =
                matrices?.try_into().expect("as many as shapes");
            blocks.push(BlockWeights {
                attention_norm: vec![1.0; d_model],
                query,
                key,
                value,
                output,
                mlp_norm: vec![1.0; d_model],
                gate,
                up,
                down,
            });
            listener(block + 1, n_blocks);
        }
        let dims = [config.vocab_size, d_model];
        let table = || random(dims, 0.0, synthetic.seed, 0);
        let head = match config.tied_head {
            true => None,
            false => Some(packed(&table(), dims, Format::Dense, synthetic.head)?),
        };
        Ok(Self {
            blocks,
            embedding: packed(&table(), dims, Format::Dense, synthetic.head)?,
            norm: vec![1.0; d_model],
            head,
            config,
        })
    }
}

/// Matrix `index` of the model.
fn random([d_output, d_input]: [usize; 2], sparsity: f64, seed: u64, index: u64) -> Vec<f32> {
    let mut random = StdRng::seed_from_u64(seed.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let bound = 1.0 / (d_input as f32).sqrt();
    let mut weight = || match random.random_bool(sparsity) {
        true => 0.0,
        false => random.random_range(-bound..bound),
    };
    (0..d_output * d_input).map(|_| weight()).collect()
}

fn packed(
    weights: &[f32],
    dims: [usize; 2],
    format: Format,
    value_type: ValueType,
) -> Result<PackedMatrix, RuntimeError> {
    PackedMatrix::pack(weights, dims, format, value_type).map_err(|source| RuntimeError::Packed {
        name: "a synthetic matrix".to_owned(),
        source,
    })
}
