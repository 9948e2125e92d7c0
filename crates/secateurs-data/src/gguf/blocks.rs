//! Blocks of 32 values with one scale: `Q4_0`, `Q4_1`, `Q5_0`, `Q5_1`, `Q8_0`.
//!
//! All numbers are little-endian; scales are half precision. With `q` the stored integer and `d`, `m` the block's
//! scale and minimum:
//!
//! | encoding | layout in bytes | value |
//! |---|---|---|
//! | `Q4_0` | d: 2, low: 16 | `d * (q - 8)` |
//! | `Q4_1` | d: 2, m: 2, low: 16 | `d * q + m` |
//! | `Q5_0` | d: 2, high: 4, low: 16 | `d * (q - 16)` |
//! | `Q5_1` | d: 2, m: 2, high: 4, low: 16 | `d * q + m` |
//! | `Q8_0` | d: 2, q: 32 | `d * q` |
//!
//! The lower 4 bits of value `i` are the lower half of `low[i]` for `i < 16` and the upper half of `low[i - 16]`
//! otherwise; its fifth bit is bit `i` of `high`.

use half::f16;

pub(super) fn q4_0(block: &[u8; 18], values: &mut [f32; 32]) {
    let scale = half_at(block, 0);
    for (i, &pair) in block[2..].iter().enumerate() {
        values[i] = scale * (f32::from(pair & 0xf) - 8.0);
        values[i + 16] = scale * (f32::from(pair >> 4) - 8.0);
    }
}

pub(super) fn q4_1(block: &[u8; 20], values: &mut [f32; 32]) {
    let (scale, minimum) = (half_at(block, 0), half_at(block, 2));
    for (i, &pair) in block[4..].iter().enumerate() {
        values[i] = scale * f32::from(pair & 0xf) + minimum;
        values[i + 16] = scale * f32::from(pair >> 4) + minimum;
    }
}

pub(super) fn q5_0(block: &[u8; 22], values: &mut [f32; 32]) {
    let scale = half_at(block, 0);
    let high = word_at(block, 2);
    for (i, &pair) in block[6..].iter().enumerate() {
        values[i] = scale * (f32::from(pair & 0xf | fifth_bit(high, i)) - 16.0);
        values[i + 16] = scale * (f32::from(pair >> 4 | fifth_bit(high, i + 16)) - 16.0);
    }
}

pub(super) fn q5_1(block: &[u8; 24], values: &mut [f32; 32]) {
    let (scale, minimum) = (half_at(block, 0), half_at(block, 2));
    let high = word_at(block, 4);
    for (i, &pair) in block[8..].iter().enumerate() {
        values[i] = scale * f32::from(pair & 0xf | fifth_bit(high, i)) + minimum;
        values[i + 16] = scale * f32::from(pair >> 4 | fifth_bit(high, i + 16)) + minimum;
    }
}

pub(super) fn q8_0(block: &[u8; 34], values: &mut [f32; 32]) {
    let scale = half_at(block, 0);
    for (value, &q) in values.iter_mut().zip(&block[2..]) {
        *value = scale * f32::from(q as i8);
    }
}

pub(super) fn half_at(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

fn word_at(block: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
}

fn fifth_bit(high: u32, i: usize) -> u8 {
    ((high >> i) as u8 & 1) << 4
}
