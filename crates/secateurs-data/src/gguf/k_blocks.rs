//! Blocks of 256 values with a scale for each group of 32 or 16: `Q4_K`, `Q5_K`, `Q6_K`.
//!
//! | encoding | layout in bytes | value `i` |
//! |---|---|---|
//! | `Q4_K` | d: 2, m: 2, scales: 12, low: 128 | `d * s * q - m * t`, groups of 32 |
//! | `Q5_K` | d: 2, m: 2, scales: 12, high: 32, low: 128 | `d * s * q - m * t`, groups of 32 |
//! | `Q6_K` | low: 128, high: 64, scales: 16 (signed), d: 2 | `d * s * (q - 32)`, groups of 16 |
//!
//! `Q4_K`, `Q5_K`: 32 bytes of `low` hold 64 values, first all lower halves, then all upper ones. The fifth bit of
//! value `i` is bit `i / 32` of `high[i % 32]`. The eight 6-bit scales `s` and minima `t`: group `g < 4` has its six
//! bits at the bottom of byte `g` (`s`) and `g + 4` (`t`); group `g >= 4` has its lower four bits in the lower (`s`) and
//! upper (`t`) half of byte `g + 4`, its upper two at the top of byte `g - 4` (`s`) and `g` (`t`).
//!
//! `Q6_K`: each half of 128 values has 64 bytes of `low` and 32 of `high`. Value `i` of the half has its lower four
//! bits in `low[i % 64]` (lower half for `i < 64`) and its upper two in bits `2 * (i / 32)` of `high[i % 32]`.

use super::blocks::half_at;

pub(super) fn q4_k(block: &[u8; 144], values: &mut [f32; 256]) {
    let (scale, minimum) = (half_at(block, 0), half_at(block, 2));
    let (scales, low) = block[4..].split_at(12);
    for (g, values) in values.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let (s, t) = scale_and_minimum(scales, g);
        let (s, t) = (scale * s, minimum * t);
        let shift = 4 * (g % 2);
        for (value, &pair) in values.iter_mut().zip(&low[g / 2 * 32..]) {
            *value = s * f32::from(pair >> shift & 0xf) - t;
        }
    }
}

pub(super) fn q5_k(block: &[u8; 176], values: &mut [f32; 256]) {
    let (scale, minimum) = (half_at(block, 0), half_at(block, 2));
    let (scales, rest) = block[4..].split_at(12);
    let (high, low) = rest.split_at(32);
    for (g, values) in values.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let (s, t) = scale_and_minimum(scales, g);
        let (s, t) = (scale * s, minimum * t);
        let shift = 4 * (g % 2);
        for ((value, &pair), &high) in values.iter_mut().zip(&low[g / 2 * 32..]).zip(high) {
            *value = s * f32::from(pair >> shift & 0xf | (high >> g & 1) << 4) - t;
        }
    }
}

pub(super) fn q6_k(block: &[u8; 210], values: &mut [f32; 256]) {
    let scale = half_at(block, 208);
    for (h, values) in values.as_chunks_mut::<128>().0.iter_mut().enumerate() {
        let low = &block[h * 64..][..64];
        let high = &block[128 + h * 32..][..32];
        let scales = &block[192 + h * 8..][..8];
        for (i, value) in values.iter_mut().enumerate() {
            let low = low[i % 64] >> (4 * (i / 64)) & 0xf;
            let high = high[i % 32] >> (2 * (i / 32)) & 3;
            let q = f32::from(low | high << 4) - 32.0;
            *value = scale * f32::from(scales[i / 16] as i8) * q;
        }
    }
}

/// The 6-bit scale and minimum of group `g`.
fn scale_and_minimum(scales: &[u8], g: usize) -> (f32, f32) {
    let (s, t) = if g < 4 {
        (scales[g] & 63, scales[g + 4] & 63)
    } else {
        let both = scales[g + 4];
        (both & 0xf | scales[g - 4] >> 6 << 4, both >> 4 | scales[g] >> 6 << 4)
    };
    (f32::from(s), f32::from(t))
}
