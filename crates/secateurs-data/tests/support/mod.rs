//! Builders of model files, valid and otherwise, for the tests of this folder.
#![allow(dead_code, reason = "each test binary uses its part")]

pub mod dice;
pub mod fuzz;
pub mod gguf;
pub mod llama;
pub mod transformers;

use std::path::Path;

use serde_json::{Value as Json, json};

/// A safetensors file with that header text and data.
pub fn safetensors(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

/// A header entry.
pub fn entry(dtype: &str, shape: &[usize], from: usize, to: usize) -> Json {
    json!({ "dtype": dtype, "shape": shape, "data_offsets": [from, to] })
}

/// A Hugging Face folder with that one weight file and an empty config.
pub fn hf_folder(folder: &Path, weights: &[u8]) {
    std::fs::write(folder.join("config.json"), "{}").expect("writable");
    std::fs::write(folder.join("model.safetensors"), weights).expect("writable");
}

pub fn f32_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The JSON file of that name in the folder of expected values.
pub fn golden(name: &str) -> Json {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).expect("committed")).expect("valid")
}

pub fn unhex(digits: &Json) -> Vec<u8> {
    let digits = digits.as_str().expect("text").as_bytes();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hexadecimal");
    digits.chunks(2).map(pair).collect()
}

pub fn texts(list: &Json) -> Vec<&str> {
    list.as_array()
        .expect("list")
        .iter()
        .map(|text| text.as_str().expect("text"))
        .collect()
}

/// Numbers that look random and are the same in every run.
pub fn noise(n: usize) -> Vec<f32> {
    let mut state = 1u32;
    let step = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..n).map(step).collect()
}
