//! The values of a matrix, in the order in which its outputs are read.

use bytes::Bytes;
use half::bf16;

use crate::error::SparseError;
use crate::numbers::value_type::{Group, ValueType};

/// Stored values: the bits of each, little-endian, and the scales of integers.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    value_type: ValueType,
    bytes: Bytes,
    scales: Bytes,
}

impl Values {
    /// Wraps values in the form of a file. `scales` is empty for float types.
    pub fn new(value_type: ValueType, bytes: Bytes, scales: Bytes) -> Self {
        Self {
            value_type,
            bytes,
            scales,
        }
    }

    /// Storage type of the values.
    pub fn value_type(&self) -> ValueType {
        self.value_type
    }

    /// The stored values.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The scales, bf16, `[d_output, d_input.div_ceil(group)]`; empty for float types.
    pub fn scales(&self) -> &Bytes {
        &self.scales
    }

    /// Bytes of values and scales.
    pub fn n_bytes(&self) -> usize {
        self.bytes.len() + self.scales.len()
    }

    /// Checks that there are `n_values` values and the scales of `dims`.
    pub(crate) fn check(&self, n_bytes: usize, [d_output, d_input]: [usize; 2]) -> Result<(), SparseError> {
        let n_groups = |group: Group| d_input.div_ceil(group.n_inputs());
        let expected = self
            .value_type
            .group()
            .map_or(0, |group| 2 * d_output * n_groups(group));
        check_size("the scales", expected, self.scales.len())?;
        check_size("the values", n_bytes, self.bytes.len())
    }
}

pub(crate) fn check_size(part: &'static str, expected: usize, got: usize) -> Result<(), SparseError> {
    if expected == got {
        Ok(())
    } else {
        Err(SparseError::Size {
            part,
            unit: "bytes",
            expected,
            got,
        })
    }
}

/// Collects the values of one output after the other.
pub(crate) struct Encoder {
    value_type: ValueType,
    bytes: Vec<u8>,
    scales: Vec<u8>,
    /// Number of nibbles written, for `Int4`.
    n_nibbles: usize,
}

impl Encoder {
    pub(crate) fn new(value_type: ValueType) -> Self {
        Self {
            value_type,
            bytes: Vec::new(),
            scales: Vec::new(),
            n_nibbles: 0,
        }
    }

    /// Appends the weights of an output at which `is_stored` holds.
    pub(crate) fn push(&mut self, weights: &[f32], is_stored: impl Fn(usize) -> bool) {
        let positions = |range: std::ops::Range<usize>| range.filter(|position| is_stored(*position));
        let (Some(group), Some(largest)) = (self.value_type.group(), self.value_type.largest()) else {
            for position in positions(0..weights.len()) {
                self.value_type.push_float(weights[position], &mut self.bytes);
            }
            return;
        };
        for start in (0..weights.len()).step_by(group.n_inputs()) {
            let end = (start + group.n_inputs()).min(weights.len());
            let scale = scale_of(&weights[start..end], largest);
            self.scales.extend(scale.to_le_bytes());
            for position in positions(start..end) {
                self.push_integer(quantise(weights[position], scale.to_f32(), largest));
            }
        }
    }

    fn push_integer(&mut self, value: i32) {
        if self.value_type.bits() == 8 {
            self.bytes.push(value as u8);
        } else if self.n_nibbles.is_multiple_of(2) {
            self.bytes.push(value as u8 & 0x0f);
        } else {
            let last = self.bytes.last_mut().expect("the lower half was written before");
            *last |= (value as u8) << 4;
        }
        self.n_nibbles += 1;
    }

    /// Starts the next output at a whole byte.
    pub(crate) fn align(&mut self) {
        self.n_nibbles = 0;
    }

    pub(crate) fn finish(self) -> Values {
        Values::new(self.value_type, self.bytes.into(), self.scales.into())
    }
}

/// The smallest bf16 scale at which the largest weight still fits.
fn scale_of(weights: &[f32], largest: i32) -> bf16 {
    let peak = weights.iter().fold(0.0f32, |peak, weight| peak.max(weight.abs()));
    let exact = peak / largest as f32;
    let scale = bf16::from_f32(exact);
    if scale.to_f32() < exact {
        bf16::from_bits(scale.to_bits() + 1)
    } else {
        scale
    }
}

fn quantise(weight: f32, scale: f32, largest: i32) -> i32 {
    if scale == 0.0 {
        return 0;
    }
    ((weight / scale).round_ties_even() as i32).clamp(-largest, largest)
}
