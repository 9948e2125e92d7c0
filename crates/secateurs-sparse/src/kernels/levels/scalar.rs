//! Portable code, the reference for the results of the other instruction sets.
//!
//! Every function is as unsafe as the trait says, and passes that contract on.
#![allow(unsafe_op_in_unsafe_fn)]

use half::{bf16, f16};

use super::isa::{Block, CHUNK, Isa};

#[derive(Debug, Clone, Copy)]
pub(super) struct Scalar;

/// Reads value `index` of `N` bytes.
///
/// # Safety
///
/// The bytes are readable.
#[inline(always)]
unsafe fn bytes<const N: usize>(from: *const u8, index: usize) -> [u8; N] {
    from.add(index * N).cast::<[u8; N]>().read_unaligned()
}

/// # Safety
///
/// As for [`bytes`].
#[inline(always)]
unsafe fn nibble(from: *const u8, index: usize) -> f32 {
    let byte = from.add(index / 2).read();
    let nibble = if index.is_multiple_of(2) {
        byte << 4
    } else {
        byte & 0xf0
    };
    f32::from((nibble as i8) >> 4)
}

/// Bits with a one for every lane that is not zero.
pub(super) fn nonzero(lanes: &[f32; CHUNK]) -> u32 {
    let ones = lanes.iter().map(|lane| u32::from(*lane != 0.0));
    ones.rev().fold(0, |ones, one| ones << 1 | one)
}

fn expand(mask: u32, value: impl Fn(usize) -> f32) -> [f32; CHUNK] {
    let mut rank = 0;
    std::array::from_fn(|position| {
        if mask >> position & 1 == 0 {
            return 0.0;
        }
        rank += 1;
        value(rank - 1)
    })
}

impl Isa for Scalar {
    type Chunk = [f32; CHUNK];
    const ROWS: usize = 2;
    type Part = [f32; CHUNK];
    const PART: usize = CHUNK;

    unsafe fn block(block: Block) {
        block.run::<Self, 2>();
    }

    unsafe fn zero() -> Self::Chunk {
        [0.0; CHUNK]
    }

    unsafe fn zero_part() -> Self::Part {
        Self::zero()
    }

    unsafe fn load_part(from: *const f32) -> Self::Part {
        Self::load(from)
    }

    unsafe fn store_part(part: Self::Part, to: *mut f32) {
        Self::store(part, to)
    }

    unsafe fn multiply_add_part(a: Self::Part, b: Self::Part, sum: Self::Part) -> Self::Part {
        Self::multiply_add(a, b, sum)
    }

    unsafe fn splat(value: f32) -> Self::Chunk {
        [value; CHUNK]
    }

    unsafe fn load(from: *const f32) -> Self::Chunk {
        from.cast::<Self::Chunk>().read_unaligned()
    }

    unsafe fn store(chunk: Self::Chunk, to: *mut f32) {
        to.cast::<Self::Chunk>().write_unaligned(chunk)
    }

    unsafe fn multiply_add(a: Self::Chunk, b: Self::Chunk, sum: Self::Chunk) -> Self::Chunk {
        std::array::from_fn(|lane| a[lane].mul_add(b[lane], sum[lane]))
    }

    unsafe fn scale(chunk: Self::Chunk, by: f32) -> Self::Chunk {
        chunk.map(|value| value * by)
    }

    unsafe fn sum(mut chunk: Self::Chunk) -> f32 {
        let mut half = CHUNK / 2;
        while half > 0 {
            for lane in 0..half {
                chunk[lane] += chunk[lane + half];
            }
            half /= 2;
        }
        chunk[0]
    }

    unsafe fn nonzero(chunk: Self::Chunk) -> u32 {
        nonzero(&chunk)
    }

    unsafe fn first(chunk: Self::Chunk, n: usize) -> Self::Chunk {
        std::array::from_fn(|lane| if lane < n { chunk[lane] } else { 0.0 })
    }

    unsafe fn gather(x: *const f32, indices: *const u16, n: usize) -> Self::Chunk {
        let at = |lane: usize| x.add(usize::from(indices.add(lane).read_unaligned())).read();
        std::array::from_fn(|lane| if lane < n { at(lane) } else { 0.0 })
    }

    unsafe fn prefetch(_from: *const u8) {}

    unsafe fn widen_f16(from: *const u8) -> Self::Chunk {
        std::array::from_fn(|lane| f16::from_le_bytes(bytes(from, lane)).to_f32())
    }

    unsafe fn widen_bf16(from: *const u8) -> Self::Chunk {
        std::array::from_fn(|lane| bf16::from_le_bytes(bytes(from, lane)).to_f32())
    }

    unsafe fn widen_i8(from: *const u8) -> Self::Chunk {
        std::array::from_fn(|lane| f32::from(i8::from_le_bytes(bytes(from, lane))))
    }

    unsafe fn widen_i4(from: *const u8) -> Self::Chunk {
        std::array::from_fn(|lane| nibble(from, lane))
    }

    unsafe fn expand_f32(from: *const u8, mask: u32) -> Self::Chunk {
        expand(mask, |rank| f32::from_le_bytes(bytes(from, rank)))
    }

    unsafe fn expand_f16(from: *const u8, mask: u32) -> Self::Chunk {
        expand(mask, |rank| f16::from_le_bytes(bytes(from, rank)).to_f32())
    }

    unsafe fn expand_bf16(from: *const u8, mask: u32) -> Self::Chunk {
        expand(mask, |rank| bf16::from_le_bytes(bytes(from, rank)).to_f32())
    }

    unsafe fn expand_i8(from: *const u8, mask: u32) -> Self::Chunk {
        expand(mask, |rank| f32::from(i8::from_le_bytes(bytes(from, rank))))
    }

    unsafe fn expand_i4(from: *const u8, index: usize, mask: u32) -> Self::Chunk {
        expand(mask, |rank| nibble(from, index + rank))
    }
}
