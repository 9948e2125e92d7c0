//! Bitmaps: one bit for every weight, and the values of the non-zero ones.

use bytes::Bytes;

use crate::error::SparseError;
use crate::formats::masked_parts::{MaskedParts, Tail};
use crate::kernels::masked::Starts;
use crate::numbers::shape::{check_dims, check_weights};
use crate::numbers::value_type::ValueType;
use crate::numbers::values::{Encoder, Values, check_size};

/// A bitmap: one bit for every weight, and the values of the non-zero ones.
///
/// # Shapes
///
/// `mask [d_output, d_input.div_ceil(8)]` bytes: bit `j % 8` of byte `j / 8` is one if the weight of input `j` is
/// stored; bits past `d_input` are zero. `offsets [d_output]` little-endian `i64`: the number of values before each
/// output's first, so that any output can be read first. Values lie one output after the other, inputs ascending.
///
/// The layout equals `sparse-bitmask` in compressed-tensors.
#[derive(Debug, Clone, PartialEq)]
pub struct BitmapMatrix {
    dims: [usize; 2],
    mask: Bytes,
    offsets: Bytes,
    values: Values,
    tail: Tail,
}

impl BitmapMatrix {
    /// Packs `weights [d_output, d_input]`.
    ///
    /// # Errors
    ///
    /// If the number of weights does not fit the shape, or a weight that is not finite should become an integer.
    pub fn pack(weights: &[f32], dims: [usize; 2], value_type: ValueType) -> Result<Self, SparseError> {
        check_weights(weights, dims, value_type)?;
        let [d_output, d_input] = dims;
        let mut mask = vec![0; d_output * d_input.div_ceil(8)];
        let mut offsets = Vec::with_capacity(8 * d_output);
        let mut encoder = Encoder::new(value_type);
        let mut n_values = 0i64;
        for output in 0..d_output {
            let weights = &weights[output * d_input..(output + 1) * d_input];
            let mask = &mut mask[output * d_input.div_ceil(8)..][..d_input.div_ceil(8)];
            offsets.extend(n_values.to_le_bytes());
            for (input, weight) in weights.iter().enumerate() {
                if !value_type.is_absent(*weight) {
                    mask[input / 8] |= 1 << (input % 8);
                    n_values += 1;
                }
            }
            encoder.push(weights, |input| mask[input / 8] >> (input % 8) & 1 == 1);
        }
        Self::from_parts(dims, mask.into(), offsets.into(), encoder.finish())
    }

    /// Wraps parts in the form of a file.
    ///
    /// # Errors
    ///
    /// If sizes disagree with the shape, an offset is not the number of ones before it, or a mask has ones past
    /// `d_input`.
    pub fn from_parts(dims: [usize; 2], mask: Bytes, offsets: Bytes, values: Values) -> Result<Self, SparseError> {
        let [d_output, d_input] = check_dims(dims)?;
        check_size("the mask", d_output * d_input.div_ceil(8), mask.len())?;
        check_size("the offsets", 8 * d_output, offsets.len())?;
        let n_values = check_masks(&mask, &offsets, dims)?;
        values.check((n_values * values.value_type().bits()).div_ceil(8), dims)?;
        let bits = values.value_type().bits();
        let stored = offsets.as_chunks::<8>().0;
        let tail = Tail::new(d_output, values.bytes(), |output| {
            i64::from_le_bytes(stored[output]) as usize * bits / 8
        });
        Ok(Self {
            dims,
            mask,
            offsets,
            values,
            tail,
        })
    }

    /// Shape, `[d_output, d_input]`.
    pub fn dims(&self) -> [usize; 2] {
        self.dims
    }

    /// The masks.
    pub fn mask(&self) -> &Bytes {
        &self.mask
    }

    /// The number of values before each output's first.
    pub fn offsets(&self) -> &Bytes {
        &self.offsets
    }

    /// The values.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Bytes of all parts.
    pub fn n_bytes(&self) -> usize {
        self.mask.len() + self.offsets.len() + self.values.n_bytes()
    }

    pub(crate) fn parts(&self) -> MaskedParts<'_> {
        MaskedParts {
            d_input: self.dims[1],
            mask: &self.mask,
            starts: Starts::Stored(self.offsets.as_chunks::<8>().0),
            values: &self.values,
            tail: &self.tail,
        }
    }
}

/// Checks every mask and offset; returns the number of ones.
fn check_masks(mask: &[u8], offsets: &[u8], [d_output, d_input]: [usize; 2]) -> Result<usize, SparseError> {
    let stride = d_input.div_ceil(8);
    let mut n_values = 0;
    for output in 0..d_output {
        let got = i64::from_le_bytes(offsets.as_chunks::<8>().0[output]);
        if i64::try_from(n_values) != Ok(got) {
            return Err(SparseError::Offset {
                output,
                expected: n_values,
                got,
            });
        }
        n_values += check_mask(&mask[output * stride..(output + 1) * stride], output, d_input)?;
    }
    Ok(n_values)
}

/// Checks that a mask has no ones past `d_input`; returns the number of ones.
pub(crate) fn check_mask(mask: &[u8], output: usize, d_input: usize) -> Result<usize, SparseError> {
    if let Some(last) = mask.last()
        && !d_input.is_multiple_of(8)
        && last >> (d_input % 8) != 0
    {
        return Err(SparseError::TailBits { output, d_input });
    }
    let (words, rest) = mask.as_chunks::<8>();
    let ones: u32 = words.iter().map(|word| u64::from_le_bytes(*word).count_ones()).sum();
    let ones = ones + rest.iter().map(|byte| byte.count_ones()).sum::<u32>();
    Ok(ones as usize)
}
