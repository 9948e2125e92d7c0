//! The plan of a model's tensors: their names in modules and files, their blocks and their kinds.

use crate::PlannedTensor;

/// A tensor of a model.
///
/// A model's list of these is all that loading, pruning, packing and running know of its tensors.
///
/// # Examples
///
/// ```
/// use secateurs_data::TensorPlan;
///
/// let plan = TensorPlan::linear("layers.3.up.weight", [16, 8]).in_block(3);
/// assert_eq!((plan.name.as_str(), plan.block), ("layers.3.up.weight", Some(3)));
/// assert_eq!(plan.dims(), Some([16, 8]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorPlan {
    /// Path of the parameter in the whole module; rules select by it.
    pub path: String,
    /// Name in a file.
    pub name: String,
    /// Shape in a file.
    pub shape: Vec<usize>,
    /// Index of the block that it belongs to; `None` outside the blocks.
    pub block: Option<usize>,
    /// Kind of the tensor.
    pub kind: TensorKind,
}

/// The kind of a model's tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TensorKind {
    /// A vector, such as the weight of a norm: neither pruned nor packed.
    Vector,
    /// The weight of a linear layer, `[d_output, d_input]` in files: packed, and inside blocks pruned.
    Linear,
    /// A row for every token of a vocabulary, `[vocab_size, d_model]`; rows are read singly.
    Embedding,
}

impl TensorPlan {
    /// A vector of `len` values with the same name in files and modules.
    pub fn vector(path: impl Into<String>, len: usize) -> Self {
        Self::new(path.into(), vec![len], TensorKind::Vector)
    }

    /// The weight of a linear layer, `[d_output, d_input]`, with the same name in files and modules.
    pub fn linear(path: impl Into<String>, dims: [usize; 2]) -> Self {
        Self::new(path.into(), dims.to_vec(), TensorKind::Linear)
    }

    /// An embedding `[vocab_size, d_model]` with the same name in files and modules.
    pub fn embedding(path: impl Into<String>, dims: [usize; 2]) -> Self {
        Self::new(path.into(), dims.to_vec(), TensorKind::Embedding)
    }

    fn new(path: String, shape: Vec<usize>, kind: TensorKind) -> Self {
        Self {
            name: path.clone(),
            path,
            shape,
            block: None,
            kind,
        }
    }

    /// Sets the name in files.
    pub fn with_name(self, name: impl Into<String>) -> Self {
        let name = name.into();
        Self { name, ..self }
    }

    /// Places the tensor in block `index`.
    pub fn in_block(self, index: usize) -> Self {
        let block = Some(index);
        Self { block, ..self }
    }

    /// Name of the layer in a file, from which the parts of a packed matrix take their names: the name without
    /// `.weight`.
    pub fn layer(&self) -> &str {
        self.name.strip_suffix(".weight").unwrap_or(&self.name)
    }

    /// The dimensions of a matrix.
    pub fn dims(&self) -> Option<[usize; 2]> {
        self.shape.as_slice().try_into().ok()
    }

    /// Number of values.
    pub fn n_values(&self) -> usize {
        self.shape.iter().product()
    }
}

impl From<TensorPlan> for PlannedTensor {
    fn from(plan: TensorPlan) -> Self {
        Self {
            name: plan.name,
            shape: plan.shape,
        }
    }
}
