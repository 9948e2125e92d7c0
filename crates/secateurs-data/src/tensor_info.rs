//! What is known of a tensor without reading it.

/// Name, shape and storage of one tensor in a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Hugging Face name, e.g. `model.layers.0.self_attn.q_proj.weight`.
    pub name: String,
    /// Hugging Face order: `[d_output, d_input]` for a linear layer.
    pub shape: Vec<usize>,
    /// How it is stored, e.g. `F32`, `BF16`, `Q4_1`.
    pub encoding: String,
    /// Stored bytes.
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
