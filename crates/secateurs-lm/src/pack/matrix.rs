//! Packs one matrix: chooses its format and reports on it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use secateurs_data::{FloatType, RawTensor, TensorPlan};
use secateurs_sparse::{Choice, Format, Level, PackedMatrix, SparseError, ValueType, choose, choose_measured};
use serde::{Serialize, Serializer};

use crate::pack::error::PackError;
use crate::pack::settings::{FormatChoice, PackConfig};

/// The report on a packed matrix.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PackedInfo {
    /// Name of the matrix.
    pub name: String,
    /// Block that the matrix belongs to; `None` outside the blocks.
    #[serde(skip)]
    pub block: Option<usize>,
    /// Dimensions `[d_output, d_input]`.
    pub dims: [usize; 2],
    /// Fraction of zeros as stored: rounding may have made some.
    pub sparsity: f64,
    /// Format: `dense`, `bitmap`, `2:4` or `indexed`.
    #[serde(serialize_with = "as_text")]
    pub format: Format,
    /// Type of the stored values.
    #[serde(serialize_with = "as_text")]
    pub values: ValueType,
    /// Reason for this format.
    pub reason: String,
    /// Number of bytes of all its parts.
    pub bytes: u64,
    /// Number of bytes of the matrix as dense `F16`.
    pub dense_bytes: u64,
}

impl PackedInfo {
    /// Whether the matrix is stored as an ordinary tensor of floats.
    pub(crate) fn is_plain(&self) -> bool {
        self.format == Format::Dense && self.values.group().is_none()
    }
}

fn as_text<S: Serializer>(value: &impl ToString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_string())
}

/// A matrix to be packed.
pub(crate) struct DenseMatrix<'a> {
    pub tensor: &'a TensorPlan,
    pub weights: &'a [f32],
    pub dims: [usize; 2],
}

/// The format of a matrix, the type of its values, and the reason.
struct Storage {
    format: Format,
    values: ValueType,
    reason: String,
}

impl From<Choice> for Storage {
    fn from(choice: Choice) -> Self {
        Self {
            format: choice.format,
            values: choice.value_type,
            reason: choice.reason.to_string(),
        }
    }
}

/// Measured choices by shape, thousandths of zeros and value type.
pub(crate) type Measured = HashMap<([usize; 2], usize, ValueType), Choice>;

impl DenseMatrix<'_> {
    /// Packs the matrix in the format that the settings choose.
    pub(crate) fn pack(
        &self,
        config: &PackConfig,
        measured: &mut Measured,
    ) -> Result<(PackedMatrix, PackedInfo), PackError> {
        let storage = self
            .storage(config, measured)
            .map_err(|source| failed(&self.tensor.name, source))?;
        if let Some(float_type) = float_type(storage.values) {
            float_type
                .check_fits(&self.tensor.name, self.weights)
                .map_err(secateurs_data::DataError::from)?;
        }
        let matrix = PackedMatrix::pack(self.weights, self.dims, storage.format, storage.values)
            .map_err(|source| failed(&self.tensor.name, source))?;
        let info = PackedInfo {
            name: self.tensor.name.clone(),
            block: self.tensor.block,
            dims: self.dims,
            sparsity: matrix.n_zeros(Level::best()) as f64 / self.weights.len().max(1) as f64,
            format: storage.format,
            values: storage.values,
            reason: storage.reason,
            bytes: matrix.n_bytes() as u64,
            dense_bytes: 2 * self.weights.len() as u64,
        };
        Ok((matrix, info))
    }

    fn storage(&self, config: &PackConfig, measured: &mut Measured) -> Result<Storage, SparseError> {
        if self.tensor.block.is_none() {
            return Ok(Storage {
                format: Format::Dense,
                values: config.head,
                reason: "read row by row, and nothing in it is pruned".to_owned(),
            });
        }
        let values = config.values;
        Ok(match config.format {
            FormatChoice::Always(format) => Storage {
                format,
                values: values.in_format(format, self.dims[1]),
                reason: "as asked".to_owned(),
            },
            FormatChoice::BySparsity => choose(self.weights, self.dims, values).into(),
            FormatChoice::Measured => self.measure(values, measured)?.into(),
        })
    }

    /// The fastest format on this machine, timed once for matrices of one shape and share of zeros.
    fn measure(&self, values: ValueType, measured: &mut Measured) -> Result<Choice, SparseError> {
        let zeros = self.weights.iter().filter(|weight| **weight == 0.0).count();
        let sparsity = zeros as f64 / self.weights.len().max(1) as f64;
        Ok(
            match measured.entry((self.dims, (1e3 * sparsity).round() as usize, values)) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(unknown) => {
                    *unknown.insert(choose_measured(self.weights, self.dims, values, Level::best())?)
                }
            },
        )
    }
}

pub(crate) fn failed(name: &str, source: SparseError) -> PackError {
    PackError::Matrix {
        name: name.to_owned(),
        source,
    }
}

/// The float type of values, if they are floats.
pub(crate) fn float_type(values: ValueType) -> Option<FloatType> {
    match values {
        ValueType::F32 => Some(FloatType::F32),
        ValueType::F16 => Some(FloatType::F16),
        ValueType::Bf16 => Some(FloatType::Bf16),
        ValueType::Int8(_) | ValueType::Int4(_) => None,
    }
}

/// The tensors of a packed matrix, under the name of its module.
pub(crate) fn tensors_of(module: &str, matrix: &PackedMatrix) -> Vec<(String, RawTensor)> {
    let tensors = matrix.to_tensors().into_iter();
    tensors
        .map(|(suffix, tensor)| {
            let suffix = if suffix.is_empty() { "weight" } else { suffix };
            let raw = RawTensor {
                dtype: tensor.dtype,
                shape: tensor.shape,
                bytes: tensor.bytes,
            };
            (format!("{module}.{suffix}"), raw)
        })
        .collect()
}
