//! AVX2 with FMA, F16C and BMI2: four registers of eight lanes. Masks are taken eight bits at a time, each the index of
//! a shuffle.
//!
//! Every function is as unsafe as the trait says, and passes that contract on; the intrinsics belong to the instruction
//! sets that `run` enables.
#![allow(unsafe_op_in_unsafe_fn)]

use std::arch::x86_64::*;

use super::isa::{Block, CHUNK, Isa, Kernel};
use super::table::{BYTES, HALVES, NIBBLES, UPPER_HALVES, WORDS};

#[derive(Debug, Clone, Copy)]
pub(super) struct Avx2;

/// # Safety
///
/// The processor has the instruction sets named.
#[target_feature(enable = "avx2,fma,f16c,bmi1,bmi2,popcnt")]
pub(super) unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx2>()
}

type Chunk = [__m256; CHUNK / 8];

/// The eight bits of a mask for a register, and the number of ones below them.
#[inline(always)]
pub(super) fn part(mask: u32, register: usize) -> (usize, usize) {
    let below = mask & ((1 << (8 * register)) - 1);
    ((mask >> (8 * register)) as usize & 0xff, below.count_ones() as usize)
}

#[inline(always)]
unsafe fn each(register: impl Fn(usize) -> __m256) -> Chunk {
    [register(0), register(1), register(2), register(3)]
}

/// Gathers `x` at four indices. One load for each lane takes half the time of the gather instruction on the processors
/// of AMD's third generation of Zen, and no more elsewhere.
#[inline(always)]
unsafe fn gather_4(x: *const f32, indices: *const u16) -> __m128 {
    let low = indices.cast::<u32>().read_unaligned();
    let high = indices.add(2).cast::<u32>().read_unaligned();
    let at = |index: u32| _mm_load_ss(x.add(index as usize));
    let lanes = _mm_insert_ps::<0x10>(at(low & 0xffff), at(low >> 16));
    let lanes = _mm_insert_ps::<0x20>(lanes, at(high & 0xffff));
    _mm_insert_ps::<0x30>(lanes, at(high >> 16))
}

/// Gathers `x` at eight indices.
#[inline(always)]
unsafe fn gather_8(x: *const f32, indices: *const u16) -> __m256 {
    let [low, high] = [gather_4(x, indices), gather_4(x, indices.add(4))];
    _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(low), high)
}

/// Table of masks: loaded `n` words before its middle, it gives ones in the first `n` lanes.
#[repr(align(64))]
struct Lanes([u32; 16]);

static LANES: Lanes = Lanes([!0, !0, !0, !0, !0, !0, !0, !0, 0, 0, 0, 0, 0, 0, 0, 0]);

/// Keeps the first `n` lanes, at most all.
#[inline(always)]
unsafe fn first_of_8(register: __m256, n: usize) -> __m256 {
    let ones = _mm256_loadu_ps(LANES.0.as_ptr().add(8 - n.min(8)).cast());
    _mm256_and_ps(register, ones)
}

/// Widens the lower eight bytes to eight integers.
#[inline(always)]
unsafe fn from_i8(bytes: __m128i) -> __m256 {
    _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes))
}

/// Widens the lower nibbles of the lower eight bytes to eight integers.
#[inline(always)]
unsafe fn from_i4(nibbles: u64) -> __m256 {
    let words = _mm256_cvtepi8_epi32(_mm_cvtsi64_si128(nibbles as i64));
    _mm256_cvtepi32_ps(_mm256_srai_epi32::<28>(_mm256_slli_epi32::<28>(words)))
}

/// Spreads eight nibbles to the lower halves of eight bytes.
#[inline(always)]
pub(super) unsafe fn all_nibbles(from: *const u8) -> u64 {
    _pdep_u64(from.cast::<u32>().read_unaligned().into(), 0x0f0f_0f0f_0f0f_0f0f)
}

/// Reads the nibbles from `index` on, at least 15.
#[inline(always)]
pub(super) unsafe fn nibbles(from: *const u8, index: usize) -> u64 {
    from.add(index / 2).cast::<u64>().read_unaligned() >> (4 * (index % 2))
}

impl Isa for Avx2 {
    type Chunk = Chunk;
    const ROWS: usize = 3;
    type Part = __m256;
    const PART: usize = 8;

    #[inline(always)]
    unsafe fn block(block: Block) {
        block.run::<Self, 3>();
    }

    #[inline(always)]
    unsafe fn zero() -> Chunk {
        [_mm256_setzero_ps(); 4]
    }

    #[inline(always)]
    unsafe fn zero_part() -> Self::Part {
        _mm256_setzero_ps()
    }

    #[inline(always)]
    unsafe fn load_part(from: *const f32) -> Self::Part {
        _mm256_loadu_ps(from)
    }

    #[inline(always)]
    unsafe fn store_part(part: Self::Part, to: *mut f32) {
        _mm256_storeu_ps(to, part)
    }

    #[inline(always)]
    unsafe fn multiply_add_part(a: Self::Part, b: Self::Part, sum: Self::Part) -> Self::Part {
        _mm256_fmadd_ps(a, b, sum)
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Chunk {
        [_mm256_set1_ps(value); 4]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Chunk {
        each(|r| _mm256_loadu_ps(from.add(8 * r)))
    }

    #[inline(always)]
    unsafe fn store(chunk: Chunk, to: *mut f32) {
        for (r, register) in chunk.into_iter().enumerate() {
            _mm256_storeu_ps(to.add(8 * r), register)
        }
    }

    #[inline(always)]
    unsafe fn multiply_add(a: Chunk, b: Chunk, sum: Chunk) -> Chunk {
        each(|r| _mm256_fmadd_ps(a[r], b[r], sum[r]))
    }

    #[inline(always)]
    unsafe fn outer<const ROWS: usize>(mut sums: [Chunk; ROWS], weights: *const f32, x: *const f32) -> [Chunk; ROWS] {
        // One register of `x` after the other: sums and weights leave no room for more.
        for r in 0..CHUNK / 8 {
            let x = _mm256_loadu_ps(x.add(8 * r));
            for row in 0..ROWS {
                sums[row][r] = _mm256_fmadd_ps(_mm256_broadcast_ss(&*weights.add(row * CHUNK)), x, sums[row][r]);
            }
        }
        sums
    }

    #[inline(always)]
    unsafe fn scale(chunk: Chunk, by: f32) -> Chunk {
        each(|r| _mm256_mul_ps(chunk[r], _mm256_set1_ps(by)))
    }

    #[inline(always)]
    unsafe fn sum(chunk: Chunk) -> f32 {
        let of_8 = _mm256_add_ps(_mm256_add_ps(chunk[0], chunk[2]), _mm256_add_ps(chunk[1], chunk[3]));
        sum_of_8(of_8)
    }

    #[inline(always)]
    unsafe fn nonzero(chunk: Self::Chunk) -> u32 {
        let ones = |register| _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_NEQ_UQ>(register, _mm256_setzero_ps())) as u32;
        ones(chunk[0]) | ones(chunk[1]) << 8 | ones(chunk[2]) << 16 | ones(chunk[3]) << 24
    }

    #[inline(always)]
    unsafe fn first(chunk: Chunk, n: usize) -> Chunk {
        [
            first_of_8(chunk[0], n),
            first_of_8(chunk[1], n.saturating_sub(8)),
            first_of_8(chunk[2], n.saturating_sub(16)),
            first_of_8(chunk[3], n.saturating_sub(24)),
        ]
    }

    #[inline(always)]
    unsafe fn gather(x: *const f32, indices: *const u16, n: usize) -> Chunk {
        // No closures: too long to be inlined, they would turn every intrinsic into a call. And few branches: how many
        // values an output has left cannot be foreseen.
        let [low, high] = [gather_8(x, indices), gather_8(x, indices.add(8))];
        let none = _mm256_setzero_ps();
        if n == CHUNK {
            [low, high, gather_8(x, indices.add(16)), gather_8(x, indices.add(24))]
        } else if n <= CHUNK / 2 {
            Self::first([low, high, none, none], n)
        } else {
            let upper = [gather_8(x, indices.add(16)), gather_8(x, indices.add(24))];
            Self::first([low, high, upper[0], upper[1]], n)
        }
    }

    #[inline(always)]
    unsafe fn prefetch(from: *const u8) {
        _mm_prefetch::<_MM_HINT_T0>(from.cast());
    }

    #[inline(always)]
    unsafe fn widen_f16(from: *const u8) -> Chunk {
        each(|r| _mm256_cvtph_ps(_mm_loadu_si128(from.add(16 * r).cast())))
    }

    #[inline(always)]
    unsafe fn widen_bf16(from: *const u8) -> Chunk {
        each(|r| {
            let halves = _mm256_cvtepu16_epi32(_mm_loadu_si128(from.add(16 * r).cast()));
            _mm256_castsi256_ps(_mm256_slli_epi32::<16>(halves))
        })
    }

    #[inline(always)]
    unsafe fn widen_i8(from: *const u8) -> Chunk {
        each(|r| from_i8(_mm_loadl_epi64(from.add(8 * r).cast())))
    }

    #[inline(always)]
    unsafe fn widen_i4(from: *const u8) -> Chunk {
        each(|r| from_i4(all_nibbles(from.add(4 * r))))
    }

    #[inline(always)]
    unsafe fn expand_f32(from: *const u8, mask: u32) -> Chunk {
        each(|r| {
            let (bits, below) = part(mask, r);
            let order = _mm256_load_si256(WORDS.0[bits].as_ptr().cast());
            let values = _mm256_permutevar8x32_ps(_mm256_loadu_ps(from.add(4 * below).cast()), order);
            // A register of ones where the index is negative.
            let absent = _mm256_castsi256_ps(_mm256_srai_epi32::<31>(order));
            _mm256_andnot_ps(absent, values)
        })
    }

    #[inline(always)]
    unsafe fn expand_f16(from: *const u8, mask: u32) -> Chunk {
        each(|r| {
            let (bits, below) = part(mask, r);
            let order = _mm_load_si128(HALVES.0[bits].as_ptr().cast());
            let values = _mm_loadu_si128(from.add(2 * below).cast());
            _mm256_cvtph_ps(_mm_shuffle_epi8(values, order))
        })
    }

    #[inline(always)]
    unsafe fn expand_bf16(from: *const u8, mask: u32) -> Chunk {
        each(|r| {
            let (bits, below) = part(mask, r);
            let order = _mm256_load_si256(UPPER_HALVES.0[bits].as_ptr().cast());
            let values = _mm256_broadcastsi128_si256(_mm_loadu_si128(from.add(2 * below).cast()));
            _mm256_castsi256_ps(_mm256_shuffle_epi8(values, order))
        })
    }

    #[inline(always)]
    unsafe fn expand_i8(from: *const u8, mask: u32) -> Chunk {
        each(|r| {
            let (bits, below) = part(mask, r);
            let order = _mm_loadl_epi64(BYTES.0[bits].as_ptr().cast());
            from_i8(_mm_shuffle_epi8(_mm_loadl_epi64(from.add(below).cast()), order))
        })
    }

    #[inline(always)]
    unsafe fn expand_i4(from: *const u8, index: usize, mask: u32) -> Chunk {
        each(|r| {
            let (bits, below) = part(mask, r);
            from_i4(_pdep_u64(nibbles(from, index + below), NIBBLES.0[bits]))
        })
    }
}

/// Adds lanes in halves: 4 + 4, 2 + 2, 1 + 1.
#[inline(always)]
pub(super) unsafe fn sum_of_8(lanes: __m256) -> f32 {
    let of_4 = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps::<1>(lanes));
    let of_2 = _mm_add_ps(of_4, _mm_movehl_ps(of_4, of_4));
    _mm_cvtss_f32(_mm_add_ss(of_2, _mm_movehdup_ps(of_2)))
}
