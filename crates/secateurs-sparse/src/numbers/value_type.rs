//! Storage types of single weights.

use std::fmt;

use half::{bf16, f16};

use crate::error::SparseError;
use crate::formats::format::Format;
use crate::kernels::CHUNK;

/// Storage type of single weights.
///
/// The float types hold weights bit by bit, after they have been rounded to the type: `-0.0`, subnormal numbers,
/// infinities and NaN included. The integer types hold `q` with `w = q * scale`, one bf16 scale for every output and
/// `group` consecutive inputs: `|w - q * scale| <= scale / 2` and `scale <= 1.008 max |w| / q_max` over the group,
/// where `q_max` is 127 or 7. (A bf16 has 8 bits, so rounding a scale up adds at most 1/128.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// IEEE single precision.
    F32,
    /// IEEE half precision.
    F16,
    /// The upper half of an `F32`.
    Bf16,
    /// 8-bit integers.
    Int8(Group),
    /// 4-bit integers, two to a byte, the first in the lower half.
    Int4(Group),
}

/// Inputs that share a scale: 32, 64, 128 or a larger power of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Group(usize);

impl Group {
    /// The group of 128 inputs that most quantised models use: an eighth of a bit for each weight.
    pub const USUAL: Self = Self(128);

    /// A group of `n_inputs`, if that is supported.
    ///
    /// # Errors
    ///
    /// [`SparseError::Unsupported`] unless `n_inputs` is a power of two of at least 32.
    pub fn new(n_inputs: usize) -> Result<Self, SparseError> {
        if n_inputs >= CHUNK && n_inputs.is_power_of_two() {
            Ok(Self(n_inputs))
        } else {
            Err(SparseError::Unsupported {
                what: "a scale group of",
                got: n_inputs,
                expected: "a power of two of at least 32",
            })
        }
    }

    /// Inputs in the group.
    pub fn n_inputs(self) -> usize {
        self.0
    }
}

impl ValueType {
    /// Bits of one value, scales not counted.
    pub fn bits(self) -> usize {
        match self {
            Self::F32 => 32,
            Self::F16 | Self::Bf16 => 16,
            Self::Int8(_) => 8,
            Self::Int4(_) => 4,
        }
    }

    /// The group that shares a scale, for the integer types.
    pub fn group(self) -> Option<Group> {
        match self {
            Self::Int8(group) | Self::Int4(group) => Some(group),
            _ => None,
        }
    }

    /// The type that a format stores instead: indexed 8-bit integers have one scale for each output, so their group
    /// grows to `d_input`.
    pub fn in_format(self, format: Format, d_input: usize) -> Self {
        match (self, format) {
            (Self::Int8(Group(n_inputs)), Format::Indexed) if n_inputs < d_input => {
                Self::Int8(Group(d_input.next_power_of_two()))
            }
            _ => self,
        }
    }

    /// The largest integer stored, for the integer types.
    pub(crate) fn largest(self) -> Option<i32> {
        match self {
            Self::Int8(_) => Some(127),
            Self::Int4(_) => Some(7),
            _ => None,
        }
    }

    /// Appends a value of a float type.
    pub(crate) fn push_float(self, value: f32, bytes: &mut Vec<u8>) {
        match self {
            Self::F32 => bytes.extend(value.to_le_bytes()),
            Self::F16 => bytes.extend(f16::from_f32(value).to_le_bytes()),
            Self::Bf16 => bytes.extend(bf16::from_f32(value).to_le_bytes()),
            Self::Int8(_) | Self::Int4(_) => unreachable!("integers are written with their scales"),
        }
    }

    /// Whether a weight is all zero bits when stored, so that a sparse format need not store it.
    ///
    /// For integers this asks the weight itself: zero after rounding is stored as a zero integer.
    pub(crate) fn is_absent(self, weight: f32) -> bool {
        match self {
            Self::F32 => weight.to_bits() == 0,
            Self::F16 => f16::from_f32(weight).to_bits() == 0,
            Self::Bf16 => bf16::from_f32(weight).to_bits() == 0,
            Self::Int8(_) | Self::Int4(_) => weight == 0.0,
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::F32 => f.write_str("f32"),
            Self::F16 => f.write_str("f16"),
            Self::Bf16 => f.write_str("bf16"),
            Self::Int8(group) => write!(f, "int8/{}", group.n_inputs()),
            Self::Int4(group) => write!(f, "int4/{}", group.n_inputs()),
        }
    }
}
