//! Bad tokenizer definitions: 20,000 must each give a tokenizer or an error, never a panic.
//!
//! Half have some bytes of the text changed, half some values of the JSON tree replaced by others.

mod support;

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use secateurs_data::{DataError, Tokenizer};
use serde_json::{Value as Json, json};
use support::fuzz::{apply, change, overwrite, run};

fn exercise(path: &Path) -> Result<(), DataError> {
    let tokenizer = Tokenizer::from_file(path)?;
    for text in ["", "the <s>the, 12 \u{e9}", " "] {
        if let Ok(ids) = tokenizer.encode(text) {
            let _ = tokenizer.decode(&ids);
        }
    }
    let _ = (tokenizer.decode(&[0, 5, 6, u32::MAX]), tokenizer.to_json());
    Ok(())
}

/// A definition with every part that this crate writes, and a prefix for continued words.
fn valid_definition() -> Json {
    let special = |id: u32, content: &str| {
        json!({
            "id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
            "special": true,
        })
    };
    json!({
        "version": "1.0",
        "truncation": { "direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0 },
        "padding": null,
        "added_tokens": [special(0, "<s>"), special(6, "<e>")],
        "normalizer": { "type": "Sequence", "normalizers": [
            { "type": "Prepend", "prepend": "_" },
            { "type": "Replace", "pattern": { "String": " " }, "content": "_" },
        ] },
        "pre_tokenizer": { "type": "Sequence", "pretokenizers": [
            { "type": "Digits", "individual_digits": true },
            { "type": "Split", "pattern": { "Regex": "[a-z]+" }, "behavior": "Isolated", "invert": false },
        ] },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{ "SpecialToken": { "id": "<s>", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } }],
            "pair": [{ "Sequence": { "id": "A", "type_id": 0 } }, { "Sequence": { "id": "B", "type_id": 1 } }],
            "special_tokens": { "<s>": { "id": "<s>", "ids": [0], "tokens": ["<s>"] } },
        },
        "decoder": { "type": "Sequence", "decoders": [
            { "type": "Replace", "pattern": { "String": "_" }, "content": " " },
            { "type": "ByteFallback" },
            { "type": "Fuse" },
            { "type": "Strip", "content": " ", "start": 1, "stop": 0 },
        ] },
        "model": {
            "type": "BPE", "dropout": null, "unk_token": "<s>", "continuing_subword_prefix": "#",
            "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
            "vocab": { "<s>": 0, "t": 1, "#h": 2, "th": 3, "#e": 4, "the": 5 },
            "merges": [["t", "#h"], ["th", "#e"]],
        },
    })
}

/// Paths to all values in a tree.
fn pointers(value: &Json, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Json::Object(fields) => fields
            .iter()
            .for_each(|(key, value)| pointers(value, &format!("{at}/{key}"), found)),
        Json::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(i, value)| pointers(value, &format!("{at}/{i}"), found)),
        _ => {}
    }
}

fn other_value() -> impl Strategy<Value = Json> {
    prop::sample::select(vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(6),
        json!(1u64 << 32),
        json!(1.5),
        json!(""),
        json!("t"),
        json!("<s>"),
        json!("\u{e9}"),
        json!([]),
        json!({}),
        json!(["t", "the"]),
        json!([""]),
        json!("("),
        json!({ "Regex": "" }),
    ])
}

#[test]
fn changed_text() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("tokenizer.json");
    let valid = valid_definition().to_string();
    overwrite(&path, valid.as_bytes());
    exercise(&path).expect("valid without changes");
    run(vec(change(), 1..4), |changes| {
        overwrite(&path, &apply(valid.clone().into_bytes(), &changes));
        let _ = exercise(&path);
    });
}

#[test]
fn changed_values() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("tokenizer.json");
    let valid = valid_definition();
    run(vec((any::<prop::sample::Index>(), other_value()), 1..3), |changes| {
        let mut definition = valid.clone();
        for (at, value) in changes {
            let mut found = Vec::new();
            pointers(&definition, "", &mut found);
            if let Some(old) = definition.pointer_mut(at.get::<String>(&found)) {
                *old = value;
            }
        }
        overwrite(&path, definition.to_string().as_bytes());
        let _ = exercise(&path);
    });
}
