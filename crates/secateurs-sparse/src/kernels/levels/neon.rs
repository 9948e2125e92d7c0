//! NEON: eight registers of four lanes. Masks are taken eight or four bits at a time, each the index of a shuffle.
//!
//! Every function is as unsafe as the trait says, and passes that contract on; the intrinsics belong to the instruction
//! set that `run` enables.
#![allow(unsafe_op_in_unsafe_fn)]

use std::arch::aarch64::*;
use std::arch::asm;

use super::isa::{Block, CHUNK, Isa, Kernel};
use super::table::{BYTES, HALVES, QUADS};

#[derive(Debug, Clone, Copy)]
pub(super) struct Neon;

/// # Safety
///
/// The processor has the instruction set named.
#[target_feature(enable = "neon")]
pub(super) unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Neon>()
}

type Chunk = [float32x4_t; CHUNK / 4];

/// Loads 32 values of two bytes.
type Halves = [uint16x8_t; CHUNK / 8];

#[inline(always)]
unsafe fn each(register: impl Fn(usize) -> float32x4_t) -> Chunk {
    [
        register(0),
        register(1),
        register(2),
        register(3),
        register(4),
        register(5),
        register(6),
        register(7),
    ]
}

/// The position of every lane.
static POSITIONS: [u32; CHUNK] = positions();

const fn positions() -> [u32; CHUNK] {
    let mut positions = [0; CHUNK];
    let mut lane = 0;
    while lane < CHUNK {
        positions[lane] = lane as u32;
        lane += 1;
    }
    positions
}

/// Lanes of register `r` of a chunk at positions below `n`, zero elsewhere.
#[inline(always)]
unsafe fn first_of_4(register: float32x4_t, r: usize, n: usize) -> float32x4_t {
    let ones = vcltq_u32(vld1q_u32(POSITIONS[4 * r..].as_ptr()), vdupq_n_u32(n as u32));
    vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(register), ones))
}

/// Gathers `x` at four indices.
#[inline(always)]
unsafe fn gather_4(x: *const f32, indices: *const u16) -> float32x4_t {
    let indices = indices.cast::<u64>().read_unaligned();
    let at = |lane: usize| x.add((indices >> (16 * lane)) as usize & 0xffff);
    let lanes = vsetq_lane_f32::<0>(at(0).read(), vdupq_n_f32(0.0));
    let lanes = vld1q_lane_f32::<1>(at(1), lanes);
    let lanes = vld1q_lane_f32::<2>(at(2), lanes);
    vld1q_lane_f32::<3>(at(3), lanes)
}

/// Gathers `x` at sixteen indices.
#[inline(always)]
unsafe fn gather_16(x: *const f32, indices: *const u16) -> [float32x4_t; 4] {
    [
        gather_4(x, indices),
        gather_4(x, indices.add(4)),
        gather_4(x, indices.add(8)),
        gather_4(x, indices.add(12)),
    ]
}

#[inline(always)]
fn join(low: [float32x4_t; 4], high: [float32x4_t; 4]) -> Chunk {
    [low[0], low[1], low[2], low[3], high[0], high[1], high[2], high[3]]
}

#[inline(always)]
fn byte(bytes: u64, index: usize) -> usize {
    (bytes >> (8 * index)) as usize & 0xff
}

/// The number of ones in the lower parts, one byte for each part of a 32-bit mask.
#[inline(always)]
unsafe fn ones_below(parts: uint8x8_t) -> u64 {
    let ones = vget_lane_u64::<0>(vreinterpret_u64_u8(vcnt_u8(parts)));
    // Every byte of the product is the sum of the bytes below, and no sum is too large for a byte.
    ones.wrapping_mul(0x0101_0101_0101_0100)
}

/// The four bits of a mask that belong to each register.
#[inline(always)]
unsafe fn parts_of_4(mask: u32) -> uint8x8_t {
    let parts_of_8 = vcreate_u8(mask.into());
    let low = vand_u8(parts_of_8, vdup_n_u8(0x0f));
    vzip1_u8(low, vshr_n_u8::<4>(parts_of_8))
}

#[inline(always)]
unsafe fn load_halves(from: *const u8) -> Halves {
    let load = |r: usize| vreinterpretq_u16_u8(vld1q_u8(from.add(16 * r)));
    [load(0), load(1), load(2), load(3)]
}

/// Spreads packed values to the ones of a mask.
#[inline(always)]
unsafe fn spread_halves(from: *const u8, mask: u32) -> Halves {
    let below = ones_below(vcreate_u8(mask.into()));
    let spread = |r: usize| {
        let order = vld1q_u8(HALVES.0[byte(mask.into(), r)].as_ptr());
        let values = vld1q_u8(from.add(2 * byte(below, r)));
        vreinterpretq_u16_u8(vqtbl1q_u8(values, order))
    };
    [spread(0), spread(1), spread(2), spread(3)]
}

/// The values of register `r`.
#[inline(always)]
unsafe fn four(halves: Halves, r: usize) -> uint16x4_t {
    if r.is_multiple_of(2) {
        vget_low_u16(halves[r / 2])
    } else {
        vget_high_u16(halves[r / 2])
    }
}

#[inline(always)]
unsafe fn from_f16(halves: Halves) -> Chunk {
    each(|r| vcvt_f32_f16(vreinterpret_f16_u16(four(halves, r))))
}

#[inline(always)]
unsafe fn from_bf16(halves: Halves) -> Chunk {
    each(|r| vreinterpretq_f32_u32(vshll_n_u16::<16>(four(halves, r))))
}

#[inline(always)]
unsafe fn from_i16(halves: Halves) -> Chunk {
    each(|r| vcvtq_f32_s32(vmovl_s16(vreinterpret_s16_u16(four(halves, r)))))
}

#[inline(always)]
unsafe fn from_i8(bytes: uint8x16x2_t) -> Chunk {
    let widen = |bytes: uint8x8_t| vreinterpretq_u16_s16(vmovl_s8(vreinterpret_s8_u8(bytes)));
    from_i16([
        widen(vget_low_u8(bytes.0)),
        widen(vget_high_u8(bytes.0)),
        widen(vget_low_u8(bytes.1)),
        widen(vget_high_u8(bytes.1)),
    ])
}

#[inline(always)]
unsafe fn load_bytes(from: *const u8) -> uint8x16x2_t {
    uint8x16x2_t(vld1q_u8(from), vld1q_u8(from.add(16)))
}

/// Reads 32 nibbles from `index` on as bytes.
#[inline(always)]
unsafe fn load_nibbles(from: *const u8, index: usize) -> uint8x16x2_t {
    // Where the first nibble is the upper half of its byte, the second is the lower half of the byte after it.
    let odd = (index % 2) as i8;
    let firsts = vreinterpretq_s8_u8(vld1q_u8(from.add(index / 2)));
    let seconds = vreinterpretq_s8_u8(vld1q_u8(from.add(index.div_ceil(2))));
    let firsts = vshrq_n_s8::<4>(vshlq_s8(firsts, vdupq_n_s8(4 * (1 - odd))));
    let seconds = vshrq_n_s8::<4>(vshlq_s8(seconds, vdupq_n_s8(4 * odd)));
    uint8x16x2_t(
        vreinterpretq_u8_s8(vzip1q_s8(firsts, seconds)),
        vreinterpretq_u8_s8(vzip2q_s8(firsts, seconds)),
    )
}

/// Spreads packed bytes to the ones of a mask.
#[inline(always)]
unsafe fn spread_bytes(bytes: uint8x16x2_t, mask: u32) -> uint8x16x2_t {
    let below = ones_below(vcreate_u8(mask.into()));
    // Indices into all 32 bytes; where the mask is zero, they are still too large.
    let order = |r: usize| {
        let within_8 = vld1_u8(BYTES.0[byte(mask.into(), r)].as_ptr());
        vadd_u8(within_8, vdup_n_u8(byte(below, r) as u8))
    };
    uint8x16x2_t(
        vqtbl2q_u8(bytes, vcombine_u8(order(0), order(1))),
        vqtbl2q_u8(bytes, vcombine_u8(order(2), order(3))),
    )
}

impl Isa for Neon {
    type Chunk = Chunk;
    const ROWS: usize = 3;
    type Part = float32x4_t;
    const PART: usize = 4;

    #[inline(always)]
    unsafe fn block(block: Block) {
        block.run::<Self, 3>();
    }

    #[inline(always)]
    unsafe fn zero() -> Chunk {
        [vdupq_n_f32(0.0); 8]
    }

    #[inline(always)]
    unsafe fn zero_part() -> Self::Part {
        vdupq_n_f32(0.0)
    }

    #[inline(always)]
    unsafe fn load_part(from: *const f32) -> Self::Part {
        vld1q_f32(from)
    }

    #[inline(always)]
    unsafe fn store_part(part: Self::Part, to: *mut f32) {
        vst1q_f32(to, part)
    }

    #[inline(always)]
    unsafe fn multiply_add_part(a: Self::Part, b: Self::Part, sum: Self::Part) -> Self::Part {
        vfmaq_f32(sum, a, b)
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Chunk {
        [vdupq_n_f32(value); 8]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Chunk {
        each(|r| vld1q_f32(from.add(4 * r)))
    }

    #[inline(always)]
    unsafe fn store(chunk: Chunk, to: *mut f32) {
        for (r, register) in chunk.into_iter().enumerate() {
            vst1q_f32(to.add(4 * r), register)
        }
    }

    #[inline(always)]
    unsafe fn multiply_add(a: Chunk, b: Chunk, sum: Chunk) -> Chunk {
        each(|r| vfmaq_f32(sum[r], a[r], b[r]))
    }

    #[inline(always)]
    unsafe fn scale(chunk: Chunk, by: f32) -> Chunk {
        each(|r| vmulq_n_f32(chunk[r], by))
    }

    #[inline(always)]
    unsafe fn sum(chunk: Chunk) -> f32 {
        let of_16 = |r: usize| vaddq_f32(chunk[r], chunk[r + 4]);
        let of_8 = [vaddq_f32(of_16(0), of_16(2)), vaddq_f32(of_16(1), of_16(3))];
        let of_4 = vaddq_f32(of_8[0], of_8[1]);
        vpadds_f32(vadd_f32(vget_low_f32(of_4), vget_high_f32(of_4)))
    }

    #[inline(always)]
    unsafe fn nonzero(chunk: Self::Chunk) -> u32 {
        let mut lanes = [0.0; CHUNK];
        Self::store(chunk, lanes.as_mut_ptr());
        super::scalar::nonzero(&lanes)
    }

    #[inline(always)]
    unsafe fn first(chunk: Chunk, n: usize) -> Chunk {
        each(|r| first_of_4(chunk[r], r, n))
    }

    #[inline(always)]
    unsafe fn gather(x: *const f32, indices: *const u16, n: usize) -> Chunk {
        // Few branches: how many values an output has left cannot be foreseen.
        let low = gather_16(x, indices);
        if n == CHUNK {
            join(low, gather_16(x, indices.add(16)))
        } else if n <= CHUNK / 2 {
            Self::first(join(low, [vdupq_n_f32(0.0); 4]), n)
        } else {
            Self::first(join(low, gather_16(x, indices.add(16))), n)
        }
    }

    #[inline(always)]
    unsafe fn prefetch(from: *const u8) {
        // The intrinsic is not stable.
        asm!("prfm pldl1keep, [{}]", in(reg) from, options(nostack, preserves_flags, readonly));
    }

    #[inline(always)]
    unsafe fn widen_f16(from: *const u8) -> Chunk {
        from_f16(load_halves(from))
    }

    #[inline(always)]
    unsafe fn widen_bf16(from: *const u8) -> Chunk {
        from_bf16(load_halves(from))
    }

    #[inline(always)]
    unsafe fn widen_i8(from: *const u8) -> Chunk {
        from_i8(load_bytes(from))
    }

    #[inline(always)]
    unsafe fn widen_i4(from: *const u8) -> Chunk {
        from_i8(load_nibbles(from, 0))
    }

    #[inline(always)]
    unsafe fn expand_f32(from: *const u8, mask: u32) -> Chunk {
        let below = ones_below(parts_of_4(mask));
        each(|r| {
            let order = vld1q_u8(QUADS.0[(mask >> (4 * r)) as usize & 0x0f].as_ptr());
            let values = vld1q_u8(from.add(4 * byte(below, r)));
            vreinterpretq_f32_u8(vqtbl1q_u8(values, order))
        })
    }

    #[inline(always)]
    unsafe fn expand_f16(from: *const u8, mask: u32) -> Chunk {
        from_f16(spread_halves(from, mask))
    }

    #[inline(always)]
    unsafe fn expand_bf16(from: *const u8, mask: u32) -> Chunk {
        from_bf16(spread_halves(from, mask))
    }

    #[inline(always)]
    unsafe fn expand_i8(from: *const u8, mask: u32) -> Chunk {
        from_i8(spread_bytes(load_bytes(from), mask))
    }

    #[inline(always)]
    unsafe fn expand_i4(from: *const u8, index: usize, mask: u32) -> Chunk {
        from_i8(spread_bytes(load_nibbles(from, index), mask))
    }
}
