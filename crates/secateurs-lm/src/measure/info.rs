//! The contents of a checkpoint.

use std::collections::{BTreeMap, HashSet};

use secateurs_data::Checkpoint;
use secateurs_models::{ModelShape, TransformerShape};
use secateurs_sparse::Level;
use secateurs_tensor::PathRules;
use serde::Serialize;

use crate::measure::error::MeasureError;
use crate::pack::packed::{is_packed, packed_matrix, weights_of};
use crate::prune::notes::n_zeros;

/// The contents of a checkpoint.
#[derive(Debug, Clone, Serialize)]
pub struct Info {
    /// Kind of file and its number formats.
    pub description: String,
    /// Number of parameters.
    pub parameters: u64,
    /// Number of bytes of all tensors in the file.
    pub bytes: u64,
    /// Number of bytes per number format.
    pub encodings: BTreeMap<String, u64>,
    /// Fraction of zeros among the weights that pruning may change.
    pub sparsity: f64,
    /// Number of blocks.
    pub blocks: usize,
    /// Widths and heads, if the model is a transformer.
    #[serde(flatten)]
    pub transformer: Option<TransformerShape>,
    /// Number of experts per block, and of experts per token, if the model is a mixture.
    pub experts: Option<(usize, usize)>,
    /// Size of the vocabulary in tokens.
    pub vocab_size: usize,
    /// Longest sequence in tokens.
    pub max_positions: usize,
    /// The linears that pruning may change.
    pub linears: Vec<LinearInfo>,
}

/// A linear that pruning may change.
#[derive(Debug, Clone, Serialize)]
pub struct LinearInfo {
    /// Name in the file.
    pub name: String,
    /// Dimensions `[d_output, d_input]`.
    pub dims: Vec<usize>,
    /// Number format in the file; for a packed matrix, its format and the type of its values.
    pub encoding: String,
    /// Fraction of zeros.
    pub sparsity: f64,
}

/// Describes a checkpoint; reads every prunable weight once to count zeros.
///
/// # Errors
///
/// If the model is of no known family or a tensor cannot be read.
pub fn info(checkpoint: &Checkpoint) -> Result<Info, MeasureError> {
    let shape = ModelShape::open(checkpoint)?;
    let rules = PathRules::default();
    let prunable_names: HashSet<&str> = shape
        .tensors
        .iter()
        .filter(|tensor| tensor.dims().is_some() && rules.selects(&tensor.path))
        .map(|tensor| tensor.name.as_str())
        .collect();
    let mut encodings = BTreeMap::new();
    for tensor in checkpoint.tensors() {
        *encodings.entry(tensor.encoding.clone()).or_insert(0) += tensor.bytes;
    }
    let (mut parameters, mut zeros, mut prunable) = (0, 0, 0);
    let mut linears = Vec::new();
    for (name, dims) in weights_of(checkpoint)? {
        let count: usize = dims.iter().product();
        parameters += count as u64;
        if prunable_names.contains(name.as_str()) {
            let linear = describe_linear(checkpoint, name, dims)?;
            zeros += linear.n_zeros;
            prunable += count;
            linears.push(linear.info);
        }
    }
    let kind = if is_packed(checkpoint) { ", packed" } else { "" };
    Ok(Info {
        description: checkpoint.description() + kind,
        parameters,
        bytes: checkpoint.tensors().map(|tensor| tensor.bytes).sum(),
        encodings,
        sparsity: zeros as f64 / prunable.max(1) as f64,
        blocks: shape.n_blocks,
        transformer: shape.transformer,
        experts: shape.mixture.map(|mixture| (mixture.n_experts, mixture.top_k)),
        vocab_size: shape.vocab_size,
        max_positions: shape.max_positions,
        linears,
    })
}

/// A linear, and its number of zeros.
struct CountedLinear {
    info: LinearInfo,
    n_zeros: usize,
}

fn describe_linear(checkpoint: &Checkpoint, name: String, dims: Vec<usize>) -> Result<CountedLinear, MeasureError> {
    let (encoding, n_zeros) = match packed_matrix(checkpoint, &name, &dims)? {
        Some(matrix) => {
            let encoding = format!("{} {}", matrix.format(), matrix.values().value_type());
            (encoding, matrix.n_zeros(Level::best()))
        }
        None => {
            let encoding = checkpoint.tensor(&name)?.encoding.clone();
            (encoding, n_zeros(&checkpoint.read_f32(&name)?))
        }
    };
    let count: usize = dims.iter().product();
    let sparsity = n_zeros as f64 / count.max(1) as f64;
    let info = LinearInfo {
        name,
        dims,
        encoding,
        sparsity,
    };
    Ok(CountedLinear { info, n_zeros })
}
