//! Packed matrices as the tensors of a safetensors file.

use bytes::Bytes;

use crate::error::SparseError;
use crate::formats::bitmap::BitmapMatrix;
use crate::formats::dense::DenseMatrix;
use crate::formats::format::GroupPattern;
use crate::formats::indexed::IndexedMatrix;
use crate::formats::matrix::PackedMatrix;
use crate::formats::nm::NmMatrix;
use crate::numbers::value_type::{Group, ValueType};
use crate::numbers::values::Values;

/// One tensor of a packed matrix: its element type has the name that safetensors headers use.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredTensor {
    /// Element type: `F32`, `F16`, `BF16`, `I8`, `U8`, `U16` or `I64`.
    pub dtype: String,
    /// Shape of the tensor.
    pub shape: Vec<usize>,
    /// Elements of the tensor, little-endian.
    pub bytes: Bytes,
}

impl StoredTensor {
    fn new(dtype: &str, shape: &[usize], bytes: &Bytes) -> Self {
        Self {
            dtype: dtype.to_owned(),
            shape: shape.to_vec(),
            bytes: bytes.clone(),
        }
    }

    fn numbers(values: &[usize]) -> Self {
        let bytes: Vec<u8> = values.iter().flat_map(|value| (*value as i64).to_le_bytes()).collect();
        Self::new("I64", &[values.len()], &bytes.into())
    }
}

/// Shape of the matrix, `[d_output, d_input]`.
const SHAPE: &str = "shape";
/// The values, one output after the other.
const COMPRESSED: &str = "compressed";
/// One bit for every weight.
const BITMASK: &str = "bitmask";
/// Number of values before each output's first.
const ROW_OFFSETS: &str = "row_offsets";
/// The inputs of the values.
const INDICES: &str = "indices";
/// Pattern of the groups, `[keep, group]`.
const PATTERN: &str = "pattern";
/// Scales of integers.
const SCALES: &str = "scales";

impl PackedMatrix {
    /// The tensors of this matrix, with the suffix of the matrix's name under which each is stored, `name.suffix`. An
    /// empty suffix is the name itself: a dense float matrix is an ordinary tensor.
    ///
    /// | format | tensors |
    /// |---|---|
    /// | dense floats | `""` `[d_output, d_input]` |
    /// | dense integers | `shape`, `compressed`, `scales` |
    /// | bitmap | `shape`, `compressed`, `bitmask`, `row_offsets` (and `scales`) |
    /// | N:M | `shape`, `compressed`, `bitmask`, `pattern` (and `scales`) |
    /// | indexed | `shape`, `compressed`, `indices`, `row_offsets` |
    ///
    /// `shape` is `I64 [2]`, `compressed` the values (`I8` for 8-bit and `U8` for pairs of 4-bit integers), `bitmask`
    /// `U8 [d_output, d_input.div_ceil(8)]`, `row_offsets` `I64 [d_output]`, `indices` `U16`, `pattern` `I64 [2]`
    /// (kept, of how many), `scales` `BF16 [d_output, n_groups]`. In compressed-tensors, bitmaps with float values are
    /// called `sparse-bitmask`, and 2:4 `sparse-24-bitmask`.
    pub fn to_tensors(&self) -> Vec<(&'static str, StoredTensor)> {
        let dims = self.dims();
        let values = self.values();
        let mask = |mask: &Bytes| StoredTensor::new("U8", &[dims[0], dims[1].div_ceil(8)], mask);
        let offsets = |offsets: &Bytes| StoredTensor::new("I64", &[dims[0]], offsets);
        let (compressed, mut tensors) = match self {
            Self::Dense(_) if values.scales().is_empty() && values.value_type().group().is_none() => {
                let weights = StoredTensor::new(dtype(values.value_type()), &dims, values.bytes());
                return vec![("", weights)];
            }
            Self::Dense(_) => (per_output(values, dims), vec![]),
            Self::Bitmap(matrix) => (
                in_a_row(values),
                vec![(BITMASK, mask(matrix.mask())), (ROW_OFFSETS, offsets(matrix.offsets()))],
            ),
            Self::Nm(matrix) => {
                let pattern = [matrix.pattern().keep(), matrix.pattern().group()];
                (
                    per_output(values, dims),
                    vec![
                        (BITMASK, mask(matrix.mask())),
                        (PATTERN, StoredTensor::numbers(&pattern)),
                    ],
                )
            }
            Self::Indexed(matrix) => {
                let indices = StoredTensor::new("U16", &[matrix.indices().len() / 2], matrix.indices());
                (
                    in_a_row(values),
                    vec![(INDICES, indices), (ROW_OFFSETS, offsets(matrix.offsets()))],
                )
            }
        };
        tensors.insert(0, (SHAPE, StoredTensor::numbers(&dims)));
        tensors.insert(1, (COMPRESSED, compressed));
        if let Some(group) = values.value_type().group() {
            let n_groups = dims[1].div_ceil(group.n_inputs());
            tensors.push((SCALES, StoredTensor::new("BF16", &[dims[0], n_groups], values.scales())));
        }
        tensors
    }

    /// Assembles the tensors of [`to_tensors`](Self::to_tensors) to a matrix; `find` returns the tensor of a suffix.
    ///
    /// # Errors
    ///
    /// [`SparseError::Missing`] if a tensor is missing, [`SparseError::Tensor`] if one has an unexpected element type
    /// or shape, or the errors of the format's `from_parts`.
    pub fn from_tensors(find: impl Fn(&str) -> Option<StoredTensor>) -> Result<Self, SparseError> {
        let get = |part: &'static str| find(part).ok_or(SparseError::Missing { part });
        if let Some(weights) = find("") {
            let value_type = float_type("", &weights)?;
            let dims = shape_of("", &weights)?;
            let values = Values::new(value_type, weights.bytes, Bytes::new());
            return Ok(Self::Dense(DenseMatrix::from_parts(dims, values)?));
        }
        let dims = pair(SHAPE, get(SHAPE)?)?;
        let compressed = get(COMPRESSED)?;
        let values = match find(SCALES) {
            None => Values::new(float_type(COMPRESSED, &compressed)?, compressed.bytes, Bytes::new()),
            Some(scales) => {
                let value_type = integer_type(&compressed, &scales, dims)?;
                Values::new(value_type, compressed.bytes, scales.bytes)
            }
        };
        if let Some(indices) = find(INDICES) {
            let indices = expect(INDICES, "U16", indices)?.bytes;
            let offsets = expect(ROW_OFFSETS, "I64", get(ROW_OFFSETS)?)?.bytes;
            return Ok(Self::Indexed(IndexedMatrix::from_parts(
                dims, offsets, indices, values,
            )?));
        }
        let Some(mask) = find(BITMASK) else {
            return Ok(Self::Dense(DenseMatrix::from_parts(dims, values)?));
        };
        let mask = expect(BITMASK, "U8", mask)?.bytes;
        if let Some(offsets) = find(ROW_OFFSETS) {
            let offsets = expect(ROW_OFFSETS, "I64", offsets)?.bytes;
            return Ok(Self::Bitmap(BitmapMatrix::from_parts(dims, mask, offsets, values)?));
        }
        // `sparse-24-bitmask` has no pattern: it is 2:4.
        let [keep, group] = find(PATTERN).map_or(Ok([2, 4]), |pattern| pair(PATTERN, pattern))?;
        let pattern = GroupPattern::new(keep, group)?;
        Ok(Self::Nm(NmMatrix::from_parts(dims, pattern, mask, values)?))
    }
}

fn dtype(value_type: ValueType) -> &'static str {
    match value_type {
        ValueType::F32 => "F32",
        ValueType::F16 => "F16",
        ValueType::Bf16 => "BF16",
        ValueType::Int8(_) => "I8",
        ValueType::Int4(_) => "U8",
    }
}

/// Number of elements of the stored tensor: pairs for 4-bit integers.
fn n_elements(values: &Values) -> usize {
    values.bytes().len() * 8 / values.value_type().bits().max(8)
}

fn in_a_row(values: &Values) -> StoredTensor {
    StoredTensor::new(dtype(values.value_type()), &[n_elements(values)], values.bytes())
}

fn per_output(values: &Values, [d_output, _]: [usize; 2]) -> StoredTensor {
    let width = n_elements(values).checked_div(d_output).unwrap_or(0);
    StoredTensor::new(dtype(values.value_type()), &[d_output, width], values.bytes())
}

fn unexpected(part: &'static str, tensor: &StoredTensor, expected: &'static str) -> SparseError {
    SparseError::Tensor {
        part,
        expected,
        dtype: tensor.dtype.clone(),
        shape: tensor.shape.clone(),
    }
}

fn expect(part: &'static str, dtype: &'static str, tensor: StoredTensor) -> Result<StoredTensor, SparseError> {
    if tensor.dtype == dtype {
        Ok(tensor)
    } else {
        Err(unexpected(part, &tensor, dtype))
    }
}

fn float_type(part: &'static str, tensor: &StoredTensor) -> Result<ValueType, SparseError> {
    match tensor.dtype.as_str() {
        "F32" => Ok(ValueType::F32),
        "F16" => Ok(ValueType::F16),
        "BF16" => Ok(ValueType::Bf16),
        _ => Err(unexpected(part, tensor, "F32, F16 or BF16")),
    }
}

/// Infers the group from the scales: the smallest with as many scales for each output.
fn integer_type(
    compressed: &StoredTensor,
    scales: &StoredTensor,
    [_, d_input]: [usize; 2],
) -> Result<ValueType, SparseError> {
    let wrong = || unexpected(SCALES, scales, "BF16 scales of groups of 32 inputs or more");
    if scales.dtype != "BF16" || scales.shape.len() != 2 {
        return Err(wrong());
    }
    let sizes = (5..usize::BITS - 1).map(|power| 1usize << power);
    let group = sizes
        .map(Group::new)
        .find_map(|group| {
            group
                .ok()
                .filter(|group| d_input.div_ceil(group.n_inputs()) == scales.shape[1])
        })
        .ok_or_else(wrong)?;
    match compressed.dtype.as_str() {
        "I8" => Ok(ValueType::Int8(group)),
        "U8" => Ok(ValueType::Int4(group)),
        _ => Err(unexpected(COMPRESSED, compressed, "I8 or U8, as there are scales")),
    }
}

fn shape_of(part: &'static str, tensor: &StoredTensor) -> Result<[usize; 2], SparseError> {
    let dims: Result<[usize; 2], _> = tensor.shape.as_slice().try_into();
    dims.map_err(|_| unexpected(part, tensor, "two dimensions"))
}

/// Reads two sizes stored as numbers; some writers use 32 bits.
fn pair(part: &'static str, tensor: StoredTensor) -> Result<[usize; 2], SparseError> {
    let numbers: Vec<i64> = match tensor.dtype.as_str() {
        "I64" => tensor
            .bytes
            .as_chunks()
            .0
            .iter()
            .map(|bytes| i64::from_le_bytes(*bytes))
            .collect(),
        "I32" => {
            let chunks = tensor.bytes.as_chunks().0.iter();
            chunks.map(|bytes| i64::from(i32::from_le_bytes(*bytes))).collect()
        }
        _ => vec![],
    };
    match numbers[..] {
        [a, b] if a >= 0 && b >= 0 => Ok([a as usize, b as usize]),
        _ => Err(unexpected(part, &tensor, "two sizes as I64")),
    }
}
