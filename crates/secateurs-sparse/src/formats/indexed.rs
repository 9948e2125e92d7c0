//! Indexed matrices: values with the indices of their inputs.

use std::ops::Range;

use bytes::Bytes;

use crate::error::SparseError;
use crate::formats::masked_parts::first_near_end;
use crate::kernels::CHUNK;
use crate::kernels::indexed::IndexedSpan;
use crate::kernels::masked::Starts;
use crate::numbers::shape::{check_dims, check_weights};
use crate::numbers::value_type::{Group, ValueType};
use crate::numbers::values::{Encoder, Values, check_size};

/// The largest number of inputs that a 16-bit index can address.
pub(crate) const MAX_INPUTS: usize = 1 << 16;

/// An indexed matrix: values with the indices of their inputs, for matrices with few non-zero weights. 8-bit integers
/// have one scale for each output: their group is no smaller than `d_input`.
///
/// # Shapes
///
/// `offsets [d_output]` little-endian `i64`: the number of values before those of each output. `indices [n_values]`
/// little-endian `u16`: their inputs, ascending within an output.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexedMatrix {
    dims: [usize; 2],
    offsets: Bytes,
    indices: Bytes,
    values: Values,
    tail: Tail,
}

/// A copy of the last outputs' values and indices, with room to read past their end.
#[derive(Debug, Clone, PartialEq)]
struct Tail {
    /// Number of outputs that can be read in place.
    first: usize,
    indices: Vec<u8>,
    values: Vec<u8>,
}

impl IndexedMatrix {
    /// Packs `weights [d_output, d_input]`.
    ///
    /// # Errors
    ///
    /// If the number of weights does not fit the shape, there are more than 65,536 inputs, or `value_type` is a 4-bit
    /// integer, or an 8-bit integer of a smaller group than the inputs.
    pub fn pack(weights: &[f32], dims: [usize; 2], value_type: ValueType) -> Result<Self, SparseError> {
        check_weights(weights, dims, value_type)?;
        check(dims, value_type)?;
        let [d_output, d_input] = dims;
        let mut offsets = Vec::with_capacity(8 * d_output);
        let mut indices: Vec<u8> = Vec::new();
        let mut encoder = Encoder::new(value_type);
        for output in 0..d_output {
            let weights = &weights[output * d_input..(output + 1) * d_input];
            offsets.extend((indices.len() as i64 / 2).to_le_bytes());
            let is_stored = |input: usize| !value_type.is_absent(weights[input]);
            let stored = (0..d_input).filter(|input| is_stored(*input));
            indices.extend(stored.flat_map(|input| (input as u16).to_le_bytes()));
            encoder.push(weights, is_stored);
        }
        Self::from_parts(dims, offsets.into(), indices.into(), encoder.finish())
    }

    /// Wraps parts in the form of a file.
    ///
    /// # Errors
    ///
    /// If sizes disagree, offsets do not ascend within the number of values, or the indices of an output do not ascend
    /// below `d_input`.
    pub fn from_parts(dims: [usize; 2], offsets: Bytes, indices: Bytes, values: Values) -> Result<Self, SparseError> {
        check_dims(dims)?;
        check(dims, values.value_type())?;
        check_size("the offsets", 8 * dims[0], offsets.len())?;
        if !indices.len().is_multiple_of(2) {
            check_size("the indices", indices.len() + 1, indices.len())?;
        }
        let n_values = indices.len() / 2;
        values.check(n_values * values.value_type().bits() / 8, dims)?;
        check_indices(dims, offsets.as_chunks::<8>().0, indices.as_chunks::<2>().0)?;
        let stored = offsets.as_chunks::<8>().0;
        let start = |output: usize| i64::from_le_bytes(stored[output]) as usize;
        let first = first_near_end(dims[0], n_values, CHUNK, start);
        let from = if first < dims[0] { start(first) } else { n_values };
        let padded = |bytes: &[u8], n_bytes: usize| {
            let mut copy = bytes[from * n_bytes..].to_vec();
            copy.resize(copy.len() + CHUNK * n_bytes, 0);
            copy
        };
        let tail = Tail {
            first,
            indices: padded(&indices, 2),
            values: padded(values.bytes(), values.value_type().bits() / 8),
        };
        Ok(Self {
            dims,
            offsets,
            indices,
            values,
            tail,
        })
    }

    /// Shape, `[d_output, d_input]`.
    pub fn dims(&self) -> [usize; 2] {
        self.dims
    }

    /// The number of values before each output's first.
    pub fn offsets(&self) -> &Bytes {
        &self.offsets
    }

    /// The index of the input of every value.
    pub fn indices(&self) -> &Bytes {
        &self.indices
    }

    /// The values.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Bytes of all parts.
    pub fn n_bytes(&self) -> usize {
        self.offsets.len() + self.indices.len() + self.values.n_bytes()
    }

    pub(crate) fn starts(&self) -> Starts<'_> {
        Starts::Stored(self.offsets.as_chunks::<8>().0)
    }

    /// Splits outputs into those read in place and those read from the tail.
    pub(crate) fn split(&self, outputs: Range<usize>) -> [(IndexedSpan<'_>, Range<usize>); 2] {
        let at = self.tail.first.clamp(outputs.start, outputs.end);
        let in_place = IndexedSpan {
            indices: &self.indices,
            values: self.values.bytes(),
            first: 0,
        };
        let in_tail = IndexedSpan {
            indices: &self.tail.indices,
            values: &self.tail.values,
            first: self.tail.first,
        };
        [(in_place, outputs.start..at), (in_tail, at..outputs.end)]
    }
}

fn check(dims: [usize; 2], value_type: ValueType) -> Result<(), SparseError> {
    let is_whole = |group: Group| value_type.bits() == 8 && group.n_inputs() >= dims[1];
    if !value_type.group().is_none_or(is_whole) {
        return Err(SparseError::Combination {
            format: "indexed",
            value_type: value_type.to_string(),
        });
    }
    if dims[1] > MAX_INPUTS {
        return Err(SparseError::Unsupported {
            what: "an indexed matrix with inputs",
            got: dims[1],
            expected: "at most 65536",
        });
    }
    Ok(())
}

fn check_indices([d_output, d_input]: [usize; 2], offsets: &[[u8; 8]], indices: &[[u8; 2]]) -> Result<(), SparseError> {
    let n_values = indices.len();
    let start = |output: usize| {
        offsets
            .get(output)
            .map_or(n_values as i64, |bytes| i64::from_le_bytes(*bytes))
    };
    if d_output == 0 && n_values > 0 {
        return check_size("the indices", 0, 2 * n_values);
    }
    let mut expected = 0;
    for output in 0..d_output {
        let (from, to) = (start(output), start(output + 1));
        let in_order = from >= expected && from <= to && to <= n_values as i64 && (output > 0 || from == 0);
        if !in_order {
            return Err(SparseError::Offset {
                output,
                expected: expected as usize,
                got: from,
            });
        }
        expected = to;
        let mut lowest = 0;
        for index in &indices[from as usize..to as usize] {
            let index = usize::from(u16::from_le_bytes(*index));
            if index < lowest || index >= d_input {
                return Err(SparseError::Index { output, index, d_input });
            }
            lowest = index + 1;
        }
    }
    Ok(())
}
