//! N:M matrices: the same number of values in every group.

use bytes::Bytes;

use crate::error::SparseError;
use crate::formats::bitmap::check_mask;
use crate::formats::format::GroupPattern;
use crate::formats::masked_parts::{MaskedParts, Tail};
use crate::kernels::masked::Starts;
use crate::numbers::shape::{check_dims, check_weights};
use crate::numbers::value_type::ValueType;
use crate::numbers::values::{Encoder, Values, check_size};

/// An N:M matrix: exactly `keep` stored values in every `group` consecutive inputs.
///
/// A mask of one bit for every weight, as in [`BitmapMatrix`](crate::BitmapMatrix), is also the shortest index: for 2:4
/// it takes the 4 bits that two 2-bit positions take, for 4:8 it takes 8 where four 3-bit positions take 12. What the
/// pattern saves is the offsets, and the values of an output start at a multiple of their number.
///
/// A group with fewer non-zero weights stores zeros at its first free inputs.
///
/// # Shapes
///
/// `mask [d_output, d_input.div_ceil(8)]` bytes; values `[d_output, d_input / group * keep]`, each output at a whole byte.
#[derive(Debug, Clone, PartialEq)]
pub struct NmMatrix {
    dims: [usize; 2],
    pattern: GroupPattern,
    mask: Bytes,
    values: Values,
    tail: Tail,
}

impl NmMatrix {
    /// Packs `weights [d_output, d_input]`.
    ///
    /// # Errors
    ///
    /// If a group has more than `keep` weights that are not zero, groups do not tile the inputs, or as for
    /// [`BitmapMatrix::pack`](crate::BitmapMatrix::pack).
    pub fn pack(
        weights: &[f32],
        dims: [usize; 2],
        pattern: GroupPattern,
        value_type: ValueType,
    ) -> Result<Self, SparseError> {
        check_weights(weights, dims, value_type)?;
        let [d_output, d_input] = dims;
        pattern.per_output(d_input)?;
        let mut mask = vec![0u8; d_output * d_input.div_ceil(8)];
        let mut encoder = Encoder::new(value_type);
        for output in 0..d_output {
            let weights = &weights[output * d_input..(output + 1) * d_input];
            let mask = &mut mask[output * d_input.div_ceil(8)..][..d_input.div_ceil(8)];
            for group in 0..d_input / pattern.group() {
                let start = group * pattern.group();
                let weights = &weights[start..start + pattern.group()];
                for offset in choose(weights, pattern, value_type).map_err(|got| SparseError::Crowded {
                    output,
                    group,
                    keep: pattern.keep(),
                    width: pattern.group(),
                    got,
                })? {
                    let input = start + offset;
                    mask[input / 8] |= 1 << (input % 8);
                }
            }
            encoder.push(weights, |input| mask[input / 8] >> (input % 8) & 1 == 1);
            encoder.align();
        }
        Self::from_parts(dims, pattern, mask.into(), encoder.finish())
    }

    /// Wraps parts in the form of a file.
    ///
    /// # Errors
    ///
    /// If sizes disagree with the shape, or a group has another number of ones than `keep`.
    pub fn from_parts(
        dims: [usize; 2],
        pattern: GroupPattern,
        mask: Bytes,
        values: Values,
    ) -> Result<Self, SparseError> {
        let [d_output, d_input] = check_dims(dims)?;
        let per_output = pattern.per_output(d_input)?;
        let stride = d_input.div_ceil(8);
        check_size("the mask", d_output * stride, mask.len())?;
        for output in 0..d_output {
            check_groups(&mask[output * stride..(output + 1) * stride], output, d_input, pattern)?;
        }
        let bits = values.value_type().bits();
        let bytes_per_output = (per_output * bits).div_ceil(8);
        values.check(d_output * bytes_per_output, dims)?;
        let tail = Tail::new(d_output, values.bytes(), |output| output * bytes_per_output);
        Ok(Self {
            dims,
            pattern,
            mask,
            values,
            tail,
        })
    }

    /// Shape, `[d_output, d_input]`.
    pub fn dims(&self) -> [usize; 2] {
        self.dims
    }

    /// The pattern of the groups.
    pub fn pattern(&self) -> GroupPattern {
        self.pattern
    }

    /// The masks.
    pub fn mask(&self) -> &Bytes {
        &self.mask
    }

    /// The values.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Bytes of all parts.
    pub fn n_bytes(&self) -> usize {
        self.mask.len() + self.values.n_bytes()
    }

    pub(crate) fn parts(&self) -> MaskedParts<'_> {
        let per_output = self.dims[1] / self.pattern.group() * self.pattern.keep();
        // Values start at whole bytes: an odd number of nibbles is counted with the one that fills its last byte.
        let whole_bytes = if self.values.value_type().bits() < 8 { 2 } else { 1 };
        MaskedParts {
            d_input: self.dims[1],
            mask: &self.mask,
            starts: Starts::Every(per_output.next_multiple_of(whole_bytes)),
            values: &self.values,
            tail: &self.tail,
        }
    }
}

/// The inputs of a group that are stored; `Err` with their number if there are too many.
fn choose(weights: &[f32], pattern: GroupPattern, value_type: ValueType) -> Result<Vec<usize>, usize> {
    let is_absent = |offset: &usize| value_type.is_absent(weights[*offset]);
    let (absent, mut stored): (Vec<usize>, Vec<usize>) = (0..weights.len()).partition(is_absent);
    if stored.len() > pattern.keep() {
        return Err(stored.len());
    }
    let missing = pattern.keep() - stored.len();
    stored.extend(&absent[..missing]);
    Ok(stored)
}

fn check_groups(mask: &[u8], output: usize, d_input: usize, pattern: GroupPattern) -> Result<(), SparseError> {
    check_mask(mask, output, d_input)?;
    for group in 0..d_input / pattern.group() {
        let inputs = group * pattern.group()..(group + 1) * pattern.group();
        let got = inputs.filter(|input| mask[input / 8] >> (input % 8) & 1 == 1).count();
        if got != pattern.keep() {
            return Err(SparseError::Group {
                output,
                group,
                keep: pattern.keep(),
                got,
            });
        }
    }
    Ok(())
}
