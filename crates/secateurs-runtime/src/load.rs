//! Loads weights from files.

use secateurs_data::Checkpoint;
use secateurs_data::llama::{LlamaConfig, LlamaTensor};
use secateurs_sparse::{Format, PackedMatrix, SparseError, StoredTensor, ValueType};

use crate::error::RuntimeError;
use crate::source::WeightSource;
use crate::weights::LlamaWeights;

impl LlamaWeights {
    /// Reads a model.
    ///
    /// Packed matrices and the floats of safetensors files stay in the mapped file; what a GGUF file holds is dequantised and
    /// stored as dense `value_type`.
    ///
    /// # Errors
    ///
    /// If the configuration is not a dense Llama's, a tensor is missing, has another shape, is not used or not finite, or a
    /// packed matrix contradicts itself.
    pub fn load(checkpoint: &Checkpoint, value_type: ValueType) -> Result<Self, RuntimeError> {
        let config = LlamaConfig::open(checkpoint)?;
        Self::of_source(config, &Reader { checkpoint, value_type }, &mut |_, _| {})
    }
}

/// Reads the matrix of one linear layer, `module.weight` or the tensors that it was packed into.
///
/// # Errors
///
/// As for [`LlamaWeights::load`].
pub fn read_matrix(
    checkpoint: &Checkpoint,
    module: &str,
    dims: [usize; 2],
    value_type: ValueType,
) -> Result<PackedMatrix, RuntimeError> {
    Reader { checkpoint, value_type }.read_matrix(module, dims)
}

struct Reader<'a> {
    checkpoint: &'a Checkpoint,
    value_type: ValueType,
}

impl WeightSource for Reader<'_> {
    fn vector(&self, tensor: &LlamaTensor) -> Result<Vec<f32>, RuntimeError> {
        Ok(self.checkpoint.read_f32(&tensor.plan.name)?)
    }

    fn matrix(&self, tensor: &LlamaTensor, dims: [usize; 2]) -> Result<PackedMatrix, RuntimeError> {
        self.read_matrix(tensor.plan.layer(), dims)
    }
}

impl Reader<'_> {
    fn read_matrix(&self, module: &str, dims: [usize; 2]) -> Result<PackedMatrix, RuntimeError> {
        let packed = |source: SparseError| RuntimeError::Packed {
            name: module.to_owned(),
            source,
        };
        let matrix = if self.has_packed(module) {
            PackedMatrix::from_tensors(|suffix| self.part(module, suffix)).map_err(packed)?
        } else {
            let name = format!("{module}.weight");
            // Names the tensor if there is none.
            let info = self.checkpoint.tensor(&name)?;
            let (got, values) = (info.shape.clone(), self.checkpoint.read_f32(&name)?);
            if got != dims {
                return Err(shape(module, dims, got));
            }
            PackedMatrix::pack(&values, dims, Format::Dense, self.value_type).map_err(packed)?
        };
        if matrix.dims() != dims {
            return Err(shape(module, dims, matrix.dims().to_vec()));
        }
        Ok(matrix)
    }

    /// Whether the storage type of the matrix is used without conversion.
    fn has_packed(&self, module: &str) -> bool {
        let stored = |suffix| self.part(module, suffix);
        let is_float = |tensor: StoredTensor| ["F32", "F16", "BF16"].contains(&tensor.dtype.as_str());
        stored("shape").is_some() || stored("").is_some_and(is_float)
    }

    /// A tensor of a packed matrix. compressed-tensors names them after the module, not after its weight.
    fn part(&self, module: &str, suffix: &str) -> Option<StoredTensor> {
        let suffix = if suffix.is_empty() { "weight" } else { suffix };
        let tensor = self.checkpoint.stored(&format!("{module}.{suffix}"))?;
        // Where values lie is checked once and then trusted, so it must not change with the file.
        let is_trusted = ["bitmask", "row_offsets", "indices"].contains(&suffix);
        Some(StoredTensor {
            dtype: tensor.dtype,
            shape: tensor.shape,
            bytes: if is_trusted {
                tensor.bytes.to_vec().into()
            } else {
                tensor.bytes
            },
        })
    }
}

fn shape(module: &str, expected: [usize; 2], got: Vec<usize>) -> RuntimeError {
    RuntimeError::Shape {
        name: module.to_owned(),
        expected: expected.to_vec(),
        got,
    }
}
