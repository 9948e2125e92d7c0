//! Facts about a tensor that need no reading of it, and its stored bytes.

use bytes::Bytes;

/// Name, shape and storage of one tensor in a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Hugging Face name, e.g. `model.layers.0.self_attn.q_proj.weight`.
    pub name: String,
    /// Shape in Hugging Face order: `[d_output, d_input]` for a linear layer.
    pub shape: Vec<usize>,
    /// Storage of the values, e.g. `F32`, `BF16`, `Q4_1`.
    pub encoding: String,
    /// Number of stored bytes.
    pub bytes: u64,
}

impl TensorInfo {
    /// Number of values: the product of the shape, 1 for a scalar.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the tensor holds no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Size of the first dimension, 1 for a scalar.
    pub(crate) fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }
}

/// A tensor of a safetensors file in its stored form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawTensor {
    /// The element type as safetensors headers name it, e.g. `F16`, `I64`.
    pub dtype: String,
    /// Shape of the tensor.
    pub shape: Vec<usize>,
    /// Elements of the tensor, little-endian. They are a part of the mapped file and keep it mapped.
    pub bytes: Bytes,
}
