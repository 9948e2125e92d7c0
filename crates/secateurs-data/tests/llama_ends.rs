//! Ids of the tokens that begin, end and pad, and settings that say something twice.

mod support;

use std::path::Path;

use secateurs_data::llama::{ConfigError, LlamaConfig};
use secateurs_data::{Checkpoint, DataError, HeldOutput, OutputKind, Readers, StoredModel, write_stored};
use serde_json::{Value, json};
use support::gguf::{Builder, i32s, text, texts, u32 as count};
use support::llama::{config, folder, gguf, tensors, write_gguf};

fn end_tokens(config: &Value, settings: Option<&str>) -> Result<Vec<u32>, DataError> {
    let place = tempfile::tempdir().expect("temporary folder");
    folder(place.path(), config, &tensors(), "F32");
    if let Some(settings) = settings {
        std::fs::write(place.path().join("generation_config.json"), settings).expect("writable");
    }
    Checkpoint::open(place.path())?.end_tokens()
}

#[test]
fn ids_of_ends_are_ids_of_the_vocabulary_or_an_error() {
    let with = |ids: Value| {
        let mut json = config();
        json["eos_token_id"] = ids;
        json
    };
    let settings = |ids: &Value| json!({ "eos_token_id": ids }).to_string();
    for (ids, expected) in [
        (json!(4), vec![4]),
        (json!([0, 3]), vec![0, 3]),
        (json!([]), vec![]),
        (json!(null), vec![]),
    ] {
        assert_eq!(end_tokens(&with(ids.clone()), None).expect("valid"), expected);
        let own = end_tokens(&with(json!(1)), Some(&settings(&ids))).expect("valid");
        assert_eq!(own, if ids.is_null() { vec![1] } else { expected });
    }
    for ids in [
        json!(5),
        json!(-1),
        json!("2"),
        json!(2.0),
        json!(true),
        json!([1, "2"]),
        json!([[1]]),
        json!({}),
        json!(1u64 << 40),
    ] {
        for error in [
            end_tokens(&with(ids.clone()), None).expect_err("no id"),
            end_tokens(&config(), Some(&settings(&ids))).expect_err("no id"),
        ] {
            assert!(error.to_string().contains("eos_token_id"), "{ids}: {error}");
        }
        let Err(ConfigError::Value { field, .. }) = LlamaConfig::from_json(&with(ids.clone())) else {
            panic!("{ids} is no id");
        };
        assert_eq!(field, "eos_token_id");
    }
    for (field, ids, is_fine) in [
        ("bos_token_id", json!(4), true),
        ("bos_token_id", json!(5), false),
        ("bos_token_id", json!(-1), false),
        ("bos_token_id", json!([1]), false),
        ("pad_token_id", json!(-1), true),
        ("pad_token_id", json!(-2), false),
        ("pad_token_id", json!("0"), false),
    ] {
        let mut json = config();
        json[field] = ids.clone();
        assert_eq!(LlamaConfig::from_json(&json).is_ok(), is_fine, "{field} {ids}");
    }
}

fn names_are_repeated(folder: &Path, file: &str, content: &str) {
    std::fs::write(folder.join(file), content).expect("writable");
    let error = Checkpoint::open(folder)
        .and_then(|model| model.end_tokens())
        .expect_err(file)
        .to_string();
    assert!(error.contains("occurs twice") && error.contains(file), "{error}");
}

#[test]
fn repeated_names_in_settings_are_refused() {
    let place = tempfile::tempdir().expect("temporary folder");
    folder(place.path(), &config(), &tensors(), "F32");
    names_are_repeated(
        place.path(),
        "generation_config.json",
        r#"{"eos_token_id": 1, "eos_token_id": 2}"#,
    );
    let text = config().to_string().replacen('{', r#"{"head_dim": 8, "#, 1);
    names_are_repeated(place.path(), "config.json", &text);
}

#[test]
fn all_ends_of_a_gguf_file_count_and_stand_in_what_is_made_of_it() {
    let words = ["a", "b", "<|end|>", "<|im_end|>", "<|eot_id|>"];
    let file = gguf(&tensors())
        .set("tokenizer.ggml.model", text("gpt2"))
        .set("tokenizer.ggml.pre", text("gpt-2"))
        .set("tokenizer.ggml.merges", texts(&[]))
        .set("tokenizer.ggml.tokens", texts(&words))
        // Only the fourth is a control token; the last has a text that ends turns elsewhere.
        .set("tokenizer.ggml.token_type", i32s(&[1, 1, 1, 3, 1]))
        .set("tokenizer.ggml.bos_token_id", count(0));
    let ends = |file: &Builder| {
        let place = tempfile::tempdir().expect("temporary folder");
        Checkpoint::open(&write_gguf(place.path(), file)).and_then(|model| model.end_tokens())
    };
    assert_eq!(ends(&file).expect("valid"), [3]);
    let file = file.set("tokenizer.ggml.eos_token_id", count(1));
    assert_eq!(ends(&file).expect("valid"), [1, 3]);
    let file = file
        .set("tokenizer.ggml.eot_token_id", count(2))
        .set("tokenizer.ggml.eom_token_id", count(1));
    assert_eq!(ends(&file).expect("valid"), [1, 2, 3]);
    for key in ["eos", "eot", "eom", "bos", "padding"] {
        let key = format!("tokenizer.ggml.{key}_token_id");
        for bad in [count(5), text("1")] {
            let place = tempfile::tempdir().expect("temporary folder");
            let file = gguf(&tensors()).set(&key, bad);
            let error = Checkpoint::open(&write_gguf(place.path(), &file))
                .expect_err(&key)
                .to_string();
            assert!(error.contains(&key), "{error}");
        }
    }
    // A folder made of it lists the same ones, for programs that read either file.
    let place = tempfile::tempdir().expect("temporary folder");
    let source = Checkpoint::open(&write_gguf(place.path(), &file)).expect("readable");
    let out = place.path().join("out");
    let held = HeldOutput::new(&out, OutputKind::Folder).expect("free");
    let model = StoredModel {
        tensors: Vec::new(),
        config: source.config(),
        source: &source,
        readers: Readers::All,
    };
    write_stored(held.staging(), model).expect("writable");
    held.publish_as_is().expect("writable");
    for name in ["config.json", "generation_config.json"] {
        let text = std::fs::read_to_string(out.join(name)).expect("there");
        let json: Value = serde_json::from_str(&text).expect("valid");
        assert_eq!(json["eos_token_id"], json!([1, 2, 3]), "{name}");
        assert_eq!(json["bos_token_id"], 0, "{name}");
    }
}
