//! What a checkpoint is.

use std::collections::BTreeMap;

use secateurs_data::Checkpoint;
use secateurs_models::llama::LlamaConfig;
use secateurs_tensor::PathRules;
use serde::Serialize;

use crate::Error;

/// What a checkpoint is.
#[derive(Debug, Clone, Serialize)]
pub struct Info {
    /// Kind of file and its number formats.
    pub description: String,
    /// Number of parameters.
    pub parameters: u64,
    /// Bytes of all tensors in the file.
    pub bytes: u64,
    /// Bytes per number format.
    pub encodings: BTreeMap<String, u64>,
    /// Fraction of zeros among the weights that pruning may touch.
    pub sparsity: f64,
    /// Blocks, heads and widths, for the families that are known.
    pub blocks: usize,
    /// Width of the residual stream.
    pub d_model: usize,
    /// Query heads and key-value heads.
    pub heads: (usize, usize),
    /// Width of the SwiGLU layer.
    pub d_ffn: usize,
    /// Tokens in the vocabulary.
    pub vocab_size: usize,
    /// Longest sequence.
    pub max_positions: usize,
    /// The linears that pruning may touch.
    pub linears: Vec<LinearInfo>,
}

/// One linear that pruning may touch.
#[derive(Debug, Clone, Serialize)]
pub struct LinearInfo {
    /// Name in the file.
    pub name: String,
    /// `[d_output, d_input]`
    pub dims: Vec<usize>,
    /// Number format in the file.
    pub encoding: String,
    /// Fraction of zeros.
    pub sparsity: f64,
}

/// Describes a checkpoint; reads every prunable weight once to count zeros.
///
/// # Errors
///
/// If the model is not a Llama or a tensor cannot be read.
pub fn info(checkpoint: &Checkpoint) -> Result<Info, Error> {
    let config = LlamaConfig::from_json(checkpoint.config())?;
    let rules = PathRules::default();
    let (mut parameters, mut bytes, mut zeros, mut prunable) = (0, 0, 0, 0);
    let mut encodings = BTreeMap::new();
    let mut linears = Vec::new();
    for tensor in checkpoint.tensors() {
        let count: usize = tensor.shape.iter().product();
        parameters += count as u64;
        bytes += tensor.bytes;
        *encodings.entry(tensor.encoding.clone()).or_insert(0) += tensor.bytes;
        if tensor.shape.len() == 2 && rules.selects(&tensor.name) {
            let n_zeros = checkpoint.read_f32(&tensor.name)?.iter().filter(|w| **w == 0.0).count();
            zeros += n_zeros;
            prunable += count;
            linears.push(LinearInfo {
                name: tensor.name.clone(),
                dims: tensor.shape.clone(),
                encoding: tensor.encoding.clone(),
                sparsity: n_zeros as f64 / count.max(1) as f64,
            });
        }
    }
    Ok(Info {
        description: checkpoint.description(),
        parameters,
        bytes,
        encodings,
        sparsity: zeros as f64 / prunable.max(1) as f64,
        blocks: config.n_blocks,
        d_model: config.d_model,
        heads: (config.n_heads, config.n_kv_heads),
        d_ffn: config.d_ffn,
        vocab_size: config.vocab_size,
        max_positions: config.max_positions,
        linears,
    })
}
