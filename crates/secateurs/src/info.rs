//! What a checkpoint is.

use std::collections::BTreeMap;

use secateurs_data::Checkpoint;
use secateurs_data::llama::{LlamaConfig, planned_tensors};
use secateurs_runtime::read_matrix;
use secateurs_sparse::{Level, ValueType};
use secateurs_tensor::PathRules;
use serde::Serialize;

use crate::Error;
use crate::pack::is_packed;

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
    /// Number format in the file; of a packed matrix, its format and that of its values.
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
    let mut bytes = 0;
    let mut encodings = BTreeMap::new();
    for tensor in checkpoint.tensors() {
        bytes += tensor.bytes;
        *encodings.entry(tensor.encoding.clone()).or_insert(0) += tensor.bytes;
    }
    let packed = is_packed(checkpoint);
    // A packed model has several tensors for a matrix, so the shapes are those that its configuration implies.
    let tensors: Vec<(String, Vec<usize>)> = match packed {
        true => planned_tensors(&config)
            .into_iter()
            .map(|tensor| (tensor.name, tensor.shape))
            .collect(),
        false => checkpoint
            .tensors()
            .map(|tensor| (tensor.name.clone(), tensor.shape.clone()))
            .collect(),
    };
    let (mut parameters, mut zeros, mut prunable) = (0, 0, 0);
    let mut linears = Vec::new();
    for (name, shape) in tensors {
        let count: usize = shape.iter().product();
        parameters += count as u64;
        if shape.len() == 2 && rules.selects(&name) {
            let (encoding, n_zeros) = match packed {
                true => packed_linear(checkpoint, &name, [shape[0], shape[1]])?,
                false => {
                    let weights = checkpoint.read_f32(&name)?;
                    let n_zeros = weights.iter().filter(|weight| **weight == 0.0).count();
                    (checkpoint.tensor(&name)?.encoding.clone(), n_zeros)
                }
            };
            zeros += n_zeros;
            prunable += count;
            linears.push(LinearInfo {
                name,
                dims: shape,
                encoding,
                sparsity: n_zeros as f64 / count.max(1) as f64,
            });
        }
    }
    let kind = if packed { ", packed" } else { "" };
    Ok(Info {
        description: checkpoint.description() + kind,
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

/// Format and zeros of a packed matrix.
fn packed_linear(checkpoint: &Checkpoint, name: &str, dims: [usize; 2]) -> Result<(String, usize), Error> {
    let module = name.trim_end_matches(".weight");
    let matrix = read_matrix(checkpoint, module, dims, ValueType::F16)?;
    let encoding = format!("{} {}", matrix.format(), matrix.values().value_type());
    Ok((encoding, matrix.n_zeros(Level::best())))
}
