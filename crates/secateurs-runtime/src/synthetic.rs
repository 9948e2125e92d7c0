//! Models with random weights, for measurements.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rayon::prelude::*;
use secateurs_data::llama::{LlamaConfig, LlamaTensor};
use secateurs_sparse::{Format, PackedMatrix, ValueType, choose};

use crate::error::RuntimeError;
use crate::source::{WeightSource, Weights};
use crate::weights::{BlockWeights, LlamaWeights};

/// Settings of the weights of a synthetic model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Synthetic {
    /// Probability that a weight of a block is zero.
    pub sparsity: f64,
    /// Number format of the weights of the blocks, stored in the format that is fastest for each matrix.
    pub values: ValueType,
    /// Number format of the embedding, which is also the output matrix.
    pub head: ValueType,
    /// Seed of the weights.
    pub seed: u64,
}

/// The shape of a Llama with about a billion parameters, too large for any cache.
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
    /// If the shape is too large for a format, or belongs to a mixture of experts.
    pub fn synthetic(
        config: LlamaConfig,
        synthetic: &Synthetic,
        listener: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, RuntimeError> {
        Self::of_source(config, synthetic, listener)
    }
}

impl WeightSource for Synthetic {
    /// Weights of norms: ones, which change nothing.
    fn vector(&self, tensor: &LlamaTensor) -> Result<Vec<f32>, RuntimeError> {
        Ok(vec![1.0; tensor.plan.n_values()])
    }

    fn matrix(&self, tensor: &LlamaTensor, dims: [usize; 2]) -> Result<PackedMatrix, RuntimeError> {
        let Some(block) = tensor.plan.block else {
            // The output matrix is the embedding, also where it is stored by itself.
            return pack(&random(dims, 0.0, self.seed, 0), dims, Format::Dense, self.head);
        };
        let within = BlockWeights::ROLES.iter().position(|role| *role == tensor.role);
        let index = 1 + BlockWeights::ROLES.len() * block + within.expect("no other matrix is in a dense block");
        let weights = random(dims, self.sparsity, self.seed, index as u64);
        let choice = choose(&weights, dims, self.values);
        pack(&weights, dims, choice.format, choice.value_type)
    }

    fn tensors(&self, planned: &[LlamaTensor]) -> Result<Vec<Weights>, RuntimeError> {
        planned.par_iter().map(|tensor| self.weights(tensor)).collect()
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

fn pack(
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
