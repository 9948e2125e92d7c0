//! The tensor encodings: block sizes and decoders.

use rayon::prelude::*;

use super::{blocks, k_blocks};
use crate::FloatType;
use crate::finite::all_finite;

/// Number of blocks that one task examines.
const TASK_BLOCKS: usize = 1 << 12;

/// The encoding of a tensor's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    F32,
    F16,
    Bf16,
    F64,
    I8,
    I16,
    I32,
    I64,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q4K,
    Q5K,
    Q6K,
}

impl Encoding {
    /// The encoding with this number in the file format.
    pub(super) fn numbered(id: u32) -> Option<Self> {
        Some(match id {
            0 => Self::F32,
            1 => Self::F16,
            2 => Self::Q4_0,
            3 => Self::Q4_1,
            6 => Self::Q5_0,
            7 => Self::Q5_1,
            8 => Self::Q8_0,
            12 => Self::Q4K,
            13 => Self::Q5K,
            14 => Self::Q6K,
            24 => Self::I8,
            25 => Self::I16,
            26 => Self::I32,
            27 => Self::I64,
            28 => Self::F64,
            30 => Self::Bf16,
            _ => return None,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::F64 => "F64",
            Self::I8 => "I8",
            Self::I16 => "I16",
            Self::I32 => "I32",
            Self::I64 => "I64",
            Self::Q4_0 => "Q4_0",
            Self::Q4_1 => "Q4_1",
            Self::Q5_0 => "Q5_0",
            Self::Q5_1 => "Q5_1",
            Self::Q8_0 => "Q8_0",
            Self::Q4K => "Q4_K",
            Self::Q5K => "Q5_K",
            Self::Q6K => "Q6_K",
        }
    }

    /// Values in one block and bytes of one block.
    pub(crate) fn block(self) -> (usize, usize) {
        match self {
            Self::F32 | Self::I32 => (1, 4),
            Self::F16 | Self::Bf16 | Self::I16 => (1, 2),
            Self::I8 => (1, 1),
            Self::F64 | Self::I64 => (1, 8),
            Self::Q4_0 => (32, 18),
            Self::Q4_1 => (32, 20),
            Self::Q5_0 => (32, 22),
            Self::Q5_1 => (32, 24),
            Self::Q8_0 => (32, 34),
            Self::Q4K => (256, 144),
            Self::Q5K => (256, 176),
            Self::Q6K => (256, 210),
        }
    }

    /// Whether values are grouped into blocks with shared scales.
    pub(crate) fn is_quantised(self) -> bool {
        self.block().0 > 1
    }

    /// Whether [`decode`](Self::decode) can read the encoding.
    pub(crate) fn is_decodable(self) -> bool {
        self.is_quantised() || matches!(self, Self::F32 | Self::F16 | Self::Bf16)
    }

    /// Offsets of the half-precision numbers in a block that its values are multiplied with or added to; the values are
    /// finite if these numbers are.
    fn scales(self) -> &'static [usize] {
        match self {
            Self::Q4_0 | Self::Q5_0 | Self::Q8_0 => &[0],
            Self::Q4_1 | Self::Q5_1 | Self::Q4K | Self::Q5K => &[0, 2],
            Self::Q6K => &[208],
            _ => &[],
        }
    }

    /// Whether all values in whole blocks are finite.
    pub(super) fn all_finite(self, bytes: &[u8]) -> bool {
        match self {
            Self::F32 => all_finite(FloatType::F32, bytes),
            Self::F16 => all_finite(FloatType::F16, bytes),
            Self::Bf16 => all_finite(FloatType::Bf16, bytes),
            _ => {
                let finite = |block: &[u8]| self.scales().iter().all(|&at| blocks::half_at(block, at).is_finite());
                bytes
                    .par_chunks(TASK_BLOCKS * self.block().1)
                    .all(|task| task.chunks_exact(self.block().1).all(finite))
            }
        }
    }

    /// Decodes whole blocks; `values` has exactly as many as `bytes` holds.
    pub(crate) fn decode(self, bytes: &[u8], values: &mut [f32]) {
        match self {
            Self::F32 => FloatType::F32.decode(bytes, values),
            Self::F16 => FloatType::F16.decode(bytes, values),
            Self::Bf16 => FloatType::Bf16.decode(bytes, values),
            Self::Q4_0 => each_block(bytes, values, blocks::q4_0),
            Self::Q4_1 => each_block(bytes, values, blocks::q4_1),
            Self::Q5_0 => each_block(bytes, values, blocks::q5_0),
            Self::Q5_1 => each_block(bytes, values, blocks::q5_1),
            Self::Q8_0 => each_block(bytes, values, blocks::q8_0),
            Self::Q4K => each_block(bytes, values, k_blocks::q4_k),
            Self::Q5K => each_block(bytes, values, k_blocks::q5_k),
            Self::Q6K => each_block(bytes, values, k_blocks::q6_k),
            Self::F64 | Self::I8 | Self::I16 | Self::I32 | Self::I64 => {
                unreachable!("callers check is_decodable")
            }
        }
    }
}

fn each_block<const BYTES: usize, const VALUES: usize>(
    bytes: &[u8],
    values: &mut [f32],
    decode: impl Fn(&[u8; BYTES], &mut [f32; VALUES]),
) {
    let (blocks, rest) = bytes.as_chunks::<BYTES>();
    let (outputs, left) = values.as_chunks_mut::<VALUES>();
    debug_assert!(rest.is_empty() && left.is_empty() && blocks.len() == outputs.len());
    for (block, output) in blocks.iter().zip(outputs) {
        decode(block, output);
    }
}
