//! Decoding of quantised blocks: agreement with the values of the reference package, bit for bit, and with a decoder
//! that follows the definition value by value in double precision.

mod support;

use half::f16;
use secateurs_data::Checkpoint;
use support::gguf::Builder;
use support::{golden, unhex};

/// Name, number in the format, values and bytes of a block.
const ENCODINGS: [(&str, u32, usize, usize); 8] = [
    ("Q4_0", 2, 32, 18),
    ("Q4_1", 3, 32, 20),
    ("Q5_0", 6, 32, 22),
    ("Q5_1", 7, 32, 24),
    ("Q8_0", 8, 32, 34),
    ("Q4_K", 12, 256, 144),
    ("Q5_K", 13, 256, 176),
    ("Q6_K", 14, 256, 210),
];

fn decode(kind: u32, d_output: usize, d_input: usize, blocks: &[u8]) -> Vec<f32> {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("model.gguf");
    let dims = [d_input as u64, d_output as u64];
    let file = Builder::llama_with_embedding()
        .tensor("output.weight", &dims, kind, blocks.to_vec())
        .build();
    std::fs::write(&path, file).expect("writable");
    Checkpoint::open(&path)
        .expect("valid")
        .read_f32("lm_head.weight")
        .expect("decodable")
}

#[test]
fn blocks_decode_to_the_bits_of_the_reference() {
    let golden = golden("blocks.json");
    for (name, kind, values, bytes) in ENCODINGS {
        let blocks = unhex(&golden[name]["bytes"]);
        let expected = unhex(&golden[name]["values"]);
        let decoded = decode(kind, blocks.len() / bytes, values, &blocks);
        let decoded: Vec<u8> = support::f32_bytes(&decoded);
        assert_eq!(decoded, expected, "{name}");
    }
}

/// Bit `n` of a block, counted from the lowest bit of its first byte.
fn bit(block: &[u8], n: usize) -> u32 {
    u32::from(block[n / 8]) >> (n % 8) & 1
}

/// The number whose bits, lowest first, are at these positions.
fn number(block: &[u8], bits: impl IntoIterator<Item = usize>) -> f64 {
    f64::from(
        bits.into_iter()
            .enumerate()
            .map(|(i, n)| bit(block, n) << i)
            .sum::<u32>(),
    )
}

fn signed_byte(block: &[u8], at: usize) -> f64 {
    let value = number(block, at * 8..at * 8 + 8);
    if value < 128.0 { value } else { value - 256.0 }
}

fn half_float(block: &[u8], at: usize) -> f64 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f64()
}

/// Bits of the four-bit number `i` of 32 that start at byte `at`.
fn nibble(at: usize, i: usize) -> std::ops::Range<usize> {
    let start = (at + i % 16) * 8 + i / 16 * 4;
    start..start + 4
}

/// The scale and minimum of group `g` of a `Q4_K` or `Q5_K` block, whose twelve bytes start at byte 4.
fn k_scales(block: &[u8], g: usize) -> (f64, f64) {
    let at = |byte: usize, bit: usize| (4 + byte) * 8 + bit;
    if g < 4 {
        (
            number(block, at(g, 0)..at(g, 6)),
            number(block, at(g + 4, 0)..at(g + 4, 6)),
        )
    } else {
        let scale = (at(g + 4, 0)..at(g + 4, 4)).chain(at(g - 4, 6)..at(g - 4, 8));
        let minimum = (at(g + 4, 4)..at(g + 4, 8)).chain(at(g, 6)..at(g, 8));
        (number(block, scale), number(block, minimum))
    }
}

fn naive(name: &str, block: &[u8], i: usize) -> f64 {
    let d = half_float(block, 0);
    match name {
        "Q4_0" => d * (number(block, nibble(2, i)) - 8.0),
        "Q4_1" => d * number(block, nibble(4, i)) + half_float(block, 2),
        "Q5_0" => d * (number(block, nibble(6, i).chain([2 * 8 + i])) - 16.0),
        "Q5_1" => d * number(block, nibble(8, i).chain([4 * 8 + i])) + half_float(block, 2),
        "Q8_0" => d * signed_byte(block, 2 + i),
        "Q4_K" | "Q5_K" => {
            let (group, within) = (i / 32, i % 32);
            let (scale, minimum) = k_scales(block, group);
            let low = if name == "Q4_K" { 16 } else { 48 };
            let start = (low + group / 2 * 32 + within) * 8 + group % 2 * 4;
            let high = (name == "Q5_K").then_some((16 + within) * 8 + group);
            d * scale * number(block, (start..start + 4).chain(high)) - half_float(block, 2) * minimum
        }
        "Q6_K" => {
            let (part, within) = (i / 128, i % 128);
            let low = (part * 64 + within % 64) * 8 + within / 64 * 4;
            let high = (128 + part * 32 + within % 32) * 8 + within / 32 * 2;
            let q = number(block, (low..low + 4).chain(high..high + 2)) - 32.0;
            half_float(block, 208) * signed_byte(block, 192 + i / 16) * q
        }
        _ => unreachable!("all encodings are listed"),
    }
}

#[test]
fn blocks_decode_as_defined() {
    // Two roundings of a product and one of a sum, each half a unit in the last place of a term.
    const TOLERANCE: f64 = 3.0 * f32::EPSILON as f64;
    let golden = golden("blocks.json");
    for (name, kind, values, bytes) in ENCODINGS {
        let blocks = unhex(&golden[name]["bytes"]);
        let decoded = decode(kind, blocks.len() / bytes, values, &blocks);
        for (b, block) in blocks.chunks(bytes).enumerate() {
            // The largest term that a difference can cancel: scales are at most 63, numbers at most 255.
            let largest = half_float(block, 0).abs().max(half_float(block, 2).abs()) * 63.0 * 255.0;
            let largest = if name == "Q6_K" {
                half_float(block, 208).abs() * 128.0 * 32.0
            } else {
                largest
            };
            for i in 0..values {
                let (got, expected) = (f64::from(decoded[b * values + i]), naive(name, block, i));
                assert!(
                    (got - expected).abs() <= TOLERANCE * largest,
                    "{name} {b} {i}: {got} {expected}"
                );
            }
        }
    }
}

#[test]
fn lines_of_several_blocks_keep_their_order() {
    // One scale per block tells the blocks apart: 70 outputs of 96 values, enough for several tasks.
    let mut blocks = Vec::new();
    for block in 0..70 * 3 {
        blocks.extend(f16::from_f32(block as f32).to_le_bytes());
        blocks.extend([1; 32]);
    }
    let decoded = decode(8, 70, 96, &blocks);
    for (i, value) in decoded.iter().enumerate() {
        assert_eq!(*value, (i / 32) as f32);
    }
}
