//! AVX-512 with VBMI2: two registers of sixteen lanes; packed values are spread by one instruction.
//!
//! Every function is as unsafe as the trait says, and passes that contract on; the intrinsics belong to the instruction
//! sets that `run` enables.
#![allow(unsafe_op_in_unsafe_fn)]

use std::arch::asm;
use std::arch::x86_64::*;

use super::avx2::{all_nibbles, nibbles, part, sum_of_8};
use super::isa::{Block, CHUNK, Isa, Kernel};
use super::table::NIBBLES;

#[derive(Debug, Clone, Copy)]
pub(super) struct Avx512;

/// # Safety
///
/// The processor has the instruction sets named.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2,avx2,fma,f16c,bmi1,bmi2,popcnt")]
pub(super) unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx512>()
}

type Chunk = [__m512; CHUNK / 16];

/// Masks of the first `n <= 32` lanes.
#[inline(always)]
fn lanes(n: usize) -> [__mmask16; 2] {
    let ones = (1u64 << n) - 1;
    [ones as __mmask16, (ones >> 16) as __mmask16]
}

/// The lower and the upper 256 bits.
#[inline(always)]
unsafe fn halves(register: __m512i) -> [__m256i; 2] {
    [
        _mm512_castsi512_si256(register),
        _mm512_extracti64x4_epi64::<1>(register),
    ]
}

/// Loads 64 bytes before they are spread: the compiler would make one instruction of both, which AMD's Zen 4 and Zen 5
/// run from microcode, several times slower.
///
/// # Safety
///
/// The processor has AVX-512, and 64 bytes may be read. The empty assembly only names the register, so that the load is not moved into its use.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn in_register(from: *const u8) -> __m512i {
    let mut register = _mm512_loadu_si512(from.cast());
    asm!("/* {0} */", inout(zmm_reg) register, options(pure, nomem, nostack, preserves_flags));
    register
}

#[inline(always)]
unsafe fn from_f16(halves: [__m256i; 2]) -> Chunk {
    halves.map(|half| _mm512_cvtph_ps(half))
}

#[inline(always)]
unsafe fn from_bf16(halves: [__m256i; 2]) -> Chunk {
    halves.map(|half| _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(half))))
}

#[inline(always)]
unsafe fn from_i8(bytes: __m256i) -> Chunk {
    let halves = [_mm256_castsi256_si128(bytes), _mm256_extracti128_si256::<1>(bytes)];
    halves.map(|half| _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(half)))
}

/// Widens the lower nibbles of 32 bytes to 32 integers.
#[inline(always)]
unsafe fn from_i4(nibbles: [u64; 4]) -> Chunk {
    let parts = [[nibbles[0], nibbles[1]], [nibbles[2], nibbles[3]]];
    parts.map(|[low, high]| {
        let words = _mm512_cvtepi8_epi32(_mm_set_epi64x(high as i64, low as i64));
        _mm512_cvtepi32_ps(_mm512_srai_epi32::<28>(_mm512_slli_epi32::<28>(words)))
    })
}

impl Isa for Avx512 {
    type Chunk = Chunk;
    const ROWS: usize = 12;
    type Part = __m512;
    const PART: usize = 16;

    #[inline(always)]
    unsafe fn block(block: Block) {
        block.run::<Self, 12>();
    }

    #[inline(always)]
    unsafe fn zero() -> Chunk {
        [_mm512_setzero_ps(); 2]
    }

    #[inline(always)]
    unsafe fn zero_part() -> Self::Part {
        _mm512_setzero_ps()
    }

    #[inline(always)]
    unsafe fn load_part(from: *const f32) -> Self::Part {
        _mm512_loadu_ps(from)
    }

    #[inline(always)]
    unsafe fn store_part(part: Self::Part, to: *mut f32) {
        _mm512_storeu_ps(to, part)
    }

    #[inline(always)]
    unsafe fn multiply_add_part(a: Self::Part, b: Self::Part, sum: Self::Part) -> Self::Part {
        _mm512_fmadd_ps(a, b, sum)
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Chunk {
        [_mm512_set1_ps(value); 2]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Chunk {
        [_mm512_loadu_ps(from), _mm512_loadu_ps(from.add(16))]
    }

    #[inline(always)]
    unsafe fn store(chunk: Chunk, to: *mut f32) {
        _mm512_storeu_ps(to, chunk[0]);
        _mm512_storeu_ps(to.add(16), chunk[1]);
    }

    #[inline(always)]
    unsafe fn multiply_add(a: Chunk, b: Chunk, sum: Chunk) -> Chunk {
        [_mm512_fmadd_ps(a[0], b[0], sum[0]), _mm512_fmadd_ps(a[1], b[1], sum[1])]
    }

    #[inline(always)]
    unsafe fn scale(chunk: Chunk, by: f32) -> Chunk {
        chunk.map(|register| _mm512_mul_ps(register, _mm512_set1_ps(by)))
    }

    #[inline(always)]
    unsafe fn sum(chunk: Chunk) -> f32 {
        let of_16 = _mm512_castps_si512(_mm512_add_ps(chunk[0], chunk[1]));
        let [low, high] = halves(of_16);
        sum_of_8(_mm256_add_ps(_mm256_castsi256_ps(low), _mm256_castsi256_ps(high)))
    }

    #[inline(always)]
    unsafe fn nonzero(chunk: Self::Chunk) -> u32 {
        let ones = |register| u32::from(_mm512_cmp_ps_mask::<_CMP_NEQ_UQ>(register, _mm512_setzero_ps()));
        ones(chunk[0]) | ones(chunk[1]) << 16
    }

    #[inline(always)]
    unsafe fn first(chunk: Chunk, n: usize) -> Chunk {
        let [low, high] = lanes(n);
        [_mm512_maskz_mov_ps(low, chunk[0]), _mm512_maskz_mov_ps(high, chunk[1])]
    }

    #[inline(always)]
    unsafe fn gather(x: *const f32, indices: *const u16, n: usize) -> Chunk {
        let half = |at: *const u16, lanes: __mmask16| {
            if lanes == 0 {
                return _mm512_setzero_ps();
            }
            let indices = _mm512_cvtepu16_epi32(_mm256_loadu_si256(at.cast()));
            _mm512_mask_i32gather_ps::<4>(_mm512_setzero_ps(), lanes, indices, x.cast())
        };
        let [low, high] = lanes(n);
        [half(indices, low), half(indices.add(16), high)]
    }

    #[inline(always)]
    unsafe fn prefetch(from: *const u8) {
        _mm_prefetch::<_MM_HINT_T0>(from.cast());
    }

    #[inline(always)]
    unsafe fn widen_f16(from: *const u8) -> Chunk {
        from_f16([_mm256_loadu_si256(from.cast()), _mm256_loadu_si256(from.add(32).cast())])
    }

    #[inline(always)]
    unsafe fn widen_bf16(from: *const u8) -> Chunk {
        from_bf16([_mm256_loadu_si256(from.cast()), _mm256_loadu_si256(from.add(32).cast())])
    }

    #[inline(always)]
    unsafe fn widen_i8(from: *const u8) -> Chunk {
        from_i8(_mm256_loadu_si256(from.cast()))
    }

    #[inline(always)]
    unsafe fn widen_i4(from: *const u8) -> Chunk {
        let spread = |r: usize| all_nibbles(from.add(4 * r));
        from_i4([spread(0), spread(1), spread(2), spread(3)])
    }

    #[inline(always)]
    unsafe fn expand_f32(from: *const u8, mask: u32) -> Chunk {
        let low = mask as u16;
        let upper = from.add(4 * low.count_ones() as usize);
        [
            _mm512_maskz_expand_ps(low, _mm512_castsi512_ps(in_register(from))),
            _mm512_maskz_expand_ps((mask >> 16) as u16, _mm512_castsi512_ps(in_register(upper))),
        ]
    }

    #[inline(always)]
    unsafe fn expand_f16(from: *const u8, mask: u32) -> Chunk {
        from_f16(halves(_mm512_maskz_expand_epi16(mask, in_register(from))))
    }

    #[inline(always)]
    unsafe fn expand_bf16(from: *const u8, mask: u32) -> Chunk {
        from_bf16(halves(_mm512_maskz_expand_epi16(mask, in_register(from))))
    }

    #[inline(always)]
    unsafe fn expand_i8(from: *const u8, mask: u32) -> Chunk {
        from_i8(_mm256_maskz_expand_epi8(mask, _mm256_loadu_si256(from.cast())))
    }

    #[inline(always)]
    unsafe fn expand_i4(from: *const u8, index: usize, mask: u32) -> Chunk {
        let spread = |r: usize| {
            let (bits, below) = part(mask, r);
            _pdep_u64(nibbles(from, index + below), NIBBLES.0[bits])
        };
        from_i4([spread(0), spread(1), spread(2), spread(3)])
    }
}
