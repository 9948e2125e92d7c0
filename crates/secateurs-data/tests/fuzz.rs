//! Bad model files: 40,000 must each give a model or an error, never a panic.
//!
//! For both formats, 10,000 are random bytes behind a valid start and 10,000 are a valid file with some bytes changed,
//! inserted or cut. What opens is read in full.

mod support;

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use safetensors::SafeTensors;
use secateurs_data::{Checkpoint, TensorFile};
use serde_json::json;
use support::fuzz::{apply, change, overwrite, run};
use support::gguf::{Builder, f32s, i32s, text, texts, u32 as count};
use support::{entry, noise, safetensors};

/// Opens and reads everything, like a user who ignores all errors.
fn exercise(path: &Path) {
    let Ok(checkpoint) = Checkpoint::open(path) else { return };
    for info in checkpoint.tensors() {
        if let Ok(values) = checkpoint.read_f32(&info.name) {
            assert_eq!(values.len(), info.len());
        }
        let _ = checkpoint.read_rows_f32(&info.name, &[0, 1, u32::MAX]);
    }
    let _ = (checkpoint.fingerprint(), checkpoint.description());
    if let Ok(tokenizer) = checkpoint.tokenizer()
        && let Ok(ids) = tokenizer.encode("the end, 12")
    {
        let _ = tokenizer.decode(&ids);
    }
}

fn exercise_safetensors(folder: &Path, weights: &[u8]) {
    overwrite(&folder.join("model.safetensors"), weights);
    exercise(folder);
    check_against_the_reference(folder, weights);
}

/// What opens here is a file of the same tensors to the reference crate, which refuses less.
fn check_against_the_reference(folder: &Path, weights: &[u8]) {
    let Ok(file) = TensorFile::open(&folder.join("model.safetensors")) else {
        return;
    };
    let reference = SafeTensors::deserialize(weights).expect("it opens here");
    assert_eq!(reference.len(), file.tensors().count());
    for info in file.tensors() {
        let (ours, theirs) = (file.tensor(&info.name), reference.tensor(&info.name));
        let (ours, theirs) = (ours.expect("listed"), theirs.expect("listed"));
        assert_eq!(ours.shape, theirs.shape());
        assert_eq!(ours.dtype, theirs.dtype().to_string());
        assert_eq!(ours.bytes[..], *theirs.data());
    }
}

fn exercise_gguf(folder: &Path, file: &[u8]) {
    let path = folder.join("model.gguf");
    overwrite(&path, file);
    exercise(&path);
}

fn valid_safetensors() -> Vec<u8> {
    let header = json!({
        "__metadata__": { "format": "pt" },
        "a": entry("F32", &[2, 3], 0, 24),
        "b": entry("F16", &[4], 24, 32),
        "c": entry("BF16", &[2, 2], 32, 40),
    });
    safetensors(&header.to_string(), &[7; 40])
}

fn valid_gguf() -> Vec<u8> {
    Builder::llama_with_embedding()
        .set("tokenizer.ggml.model", text("llama"))
        .set("tokenizer.ggml.tokens", texts(&["<unk>", "<s>", "e", "n", "en"]))
        .set("tokenizer.ggml.token_type", i32s(&[2, 3, 1, 1, 1]))
        .set("tokenizer.ggml.scores", f32s(&[0.0, 0.0, -2.0, -3.0, -1.0]))
        .set("tokenizer.ggml.bos_token_id", count(1))
        .f32("blk.0.attn_q.weight", &[8, 8], &noise(64))
        .tensor("output.weight", &[32, 2], 8, vec![3; 68])
        .tensor("blk.0.ffn_up.weight", &[256], 14, vec![5; 210])
        .build()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("temporary folder");
    std::fs::write(folder.path().join("config.json"), "{}").expect("writable");
    folder
}

#[test]
fn random_safetensors() {
    let folder = folder();
    let starts = prop_oneof![Just(Vec::new()), Just(b"\x10\0\0\0\0\0\0\0{\"a\":{".to_vec())];
    run((starts, vec(any::<u8>(), 0..200)), |(start, rest)| {
        exercise_safetensors(folder.path(), &[start, rest].concat());
    });
}

#[test]
fn changed_safetensors() {
    let folder = folder();
    run(vec(change(), 1..6), |changes| {
        exercise_safetensors(folder.path(), &apply(valid_safetensors(), &changes))
    });
}

#[test]
fn random_gguf() {
    let folder = folder();
    let starts = prop_oneof![
        Just(Vec::new()),
        Just(b"GGUF\x03\0\0\0".to_vec()),
        Just(b"GGUF\x03\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0".to_vec()),
    ];
    run((starts, vec(any::<u8>(), 0..200)), |(start, rest)| {
        exercise_gguf(folder.path(), &[start, rest].concat());
    });
}

#[test]
fn changed_gguf() {
    let folder = folder();
    run(vec(change(), 1..6), |changes| {
        exercise_gguf(folder.path(), &apply(valid_gguf(), &changes))
    });
}
