//! Tokenizers: the definitions built from GGUF metadata agree with the libraries that made the vocabularies.

mod support;

use std::path::Path;

use secateurs_data::{Checkpoint, DataError, Tokenizer};
use serde_json::{Value as Json, json};
use support::gguf::{Builder, boolean, f32s, i32s, text, texts, u32 as count};
use support::golden;

fn tokenizer(builder: &Builder) -> Result<Tokenizer, DataError> {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("model.gguf");
    std::fs::write(&path, builder.build()).expect("writable");
    Checkpoint::open(&path)?.tokenizer()
}

fn from_json(json: &str) -> Result<Tokenizer, DataError> {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("tokenizer.json");
    std::fs::write(&path, json).expect("writable");
    Tokenizer::from_file(&path)
}

fn i32_list(list: &Json) -> Vec<i32> {
    list.as_array()
        .expect("list")
        .iter()
        .map(|n| n.as_i64().expect("number") as i32)
        .collect()
}

fn ids(list: &Json) -> Vec<u32> {
    i32_list(list).into_iter().map(|id| id as u32).collect()
}

fn byte_level(golden: &Json, pre: &str) -> Builder {
    Builder::llama_with_embedding()
        .set("tokenizer.ggml.model", text("gpt2"))
        .set("tokenizer.ggml.pre", text(pre))
        .set("tokenizer.ggml.tokens", texts(&support::texts(&golden["tokens"])))
        .set("tokenizer.ggml.token_type", i32s(&i32_list(&golden["token_type"])))
        .set("tokenizer.ggml.merges", texts(&support::texts(&golden["merges"])))
}

fn sentencepiece(golden: &Json) -> Builder {
    let scores = golden["scores"].as_array().expect("list").iter();
    let scores: Vec<f32> = scores.map(|score| score.as_f64().expect("number") as f32).collect();
    Builder::llama_with_embedding()
        .set("tokenizer.ggml.model", text("llama"))
        .set("tokenizer.ggml.tokens", texts(&support::texts(&golden["tokens"])))
        .set("tokenizer.ggml.token_type", i32s(&i32_list(&golden["token_type"])))
        .set("tokenizer.ggml.scores", f32s(&scores))
        .set("tokenizer.ggml.bos_token_id", count(1))
}

fn check_ids(tokenizer: &Tokenizer, golden: &Json) {
    // Writing the definition and reading it back must not change it.
    let again = from_json(&tokenizer.to_json().expect("writable")).expect("valid");
    for (text, expected) in support::texts(&golden["texts"])
        .into_iter()
        .zip(golden["ids"].as_array().expect("list"))
    {
        for tokenizer in [tokenizer, &again] {
            let got = tokenizer.encode(text).expect("representable");
            assert_eq!(got, ids(expected), "{text:?}");
            assert_eq!(tokenizer.decode(&got).expect("in range"), text);
        }
    }
}

#[test]
fn byte_level_bpe_agrees_with_the_library_that_trained_it() {
    let golden = golden("byte_level.json");
    let tokenizer = tokenizer(&byte_level(&golden, "smollm")).expect("valid");
    assert_eq!(tokenizer.vocab_size(), 379);
    assert_eq!(tokenizer.token_to_id("<|im_start|>"), Some(1));
    check_ids(&tokenizer, &golden);
}

#[test]
fn sentencepiece_bpe_agrees_with_the_library_that_trained_it() {
    let golden = golden("sentencepiece.json");
    let tokenizer = tokenizer(&sentencepiece(&golden)).expect("valid");
    assert_eq!(tokenizer.vocab_size(), 400);
    check_ids(&tokenizer, &golden);
    let unprefixed = self::tokenizer(&sentencepiece(&golden).set("tokenizer.ggml.add_space_prefix", boolean(false)));
    let unprefixed = unprefixed.expect("valid");
    let with_space = tokenizer.encode("the end").expect("representable");
    assert_eq!(unprefixed.encode(" the end").expect("representable"), with_space);
    assert_eq!(unprefixed.decode(&with_space).expect("in range"), " the end");
}

#[test]
fn a_start_token_is_in_the_definition_but_never_in_the_ids() {
    let tokenizer = tokenizer(&sentencepiece(&golden("sentencepiece.json"))).expect("valid");
    let json: Json = serde_json::from_str(&tokenizer.to_json().expect("writable")).expect("valid");
    assert_eq!(json["post_processor"]["special_tokens"]["<s>"]["ids"], json!([1]));
    assert_ne!(tokenizer.encode("the").expect("representable")[0], 1);
}

#[test]
fn all_splittings_are_reversible_and_unknown_ones_are_refused() {
    let golden = golden("byte_level.json");
    for pre in ["smollm", "gpt-2", "default", "llama-bpe"] {
        let tokenizer = tokenizer(&byte_level(&golden, pre)).expect(pre);
        for text in support::texts(&golden["texts"]) {
            let ids = tokenizer.encode(text).expect("representable");
            assert_eq!(tokenizer.decode(&ids).expect("in range"), text, "{pre}");
        }
    }
    let error = tokenizer(&byte_level(&golden, "deepseek-llm")).expect_err("unknown");
    assert!(error.to_string().contains("deepseek-llm"), "{error}");
}

/// Characters of two to four bytes, of which the small vocabulary has no tokens of their own.
#[test]
fn streamed_text_is_the_decoded_text() {
    let byte_bpe = tokenizer(&byte_level(&golden("byte_level.json"), "smollm")).expect("valid");
    let pieces = tokenizer(&sentencepiece(&golden("sentencepiece.json"))).expect("valid");
    for text in [
        "plain words, two lines\n  and spaces",
        "caf\u{e9} \u{20ac}5 \u{1f600}!",
        "\u{e9}",
    ] {
        for tokenizer in [&byte_bpe, &pieces] {
            let ids = tokenizer.encode(text).expect("encodes");
            let mut stream = tokenizer.stream();
            let mut streamed = String::new();
            for id in &ids {
                let piece = stream.push(*id).expect("decodes");
                assert!(!piece.contains('\u{fffd}'), "{piece:?}");
                streamed += &piece;
            }
            streamed += &stream.finish().expect("decodes");
            assert_eq!(streamed, tokenizer.decode(&ids).expect("decodes"));
        }
    }
    // A character that is cut off shows at the end, and not before.
    let ids = byte_bpe.encode("\u{20ac}").expect("encodes");
    if ids.len() > 1 {
        let mut stream = byte_bpe.stream();
        assert_eq!(stream.push(ids[0]).expect("decodes"), "");
        assert!(stream.finish().expect("decodes").contains('\u{fffd}'));
    }
}

#[test]
fn broken_metadata_is_refused() {
    let bpe = golden("byte_level.json");
    let bpe = || byte_level(&bpe, "smollm");
    let spm = golden("sentencepiece.json");
    let spm = || sentencepiece(&spm);
    let cases = [
        ("no tokenizer", bpe().unset("tokenizer.ggml.model")),
        ("another type", bpe().set("tokenizer.ggml.model", text("bert"))),
        ("no tokens", bpe().unset("tokenizer.ggml.tokens")),
        ("too few types", bpe().set("tokenizer.ggml.token_type", i32s(&[1]))),
        (
            "a negative type",
            bpe().set("tokenizer.ggml.token_type", i32s(&[-1; 379])),
        ),
        ("no merges", bpe().unset("tokenizer.ggml.merges")),
        ("a merge of one", bpe().set("tokenizer.ggml.merges", texts(&["ab"]))),
        ("an empty merge", bpe().set("tokenizer.ggml.merges", texts(&[""]))),
        (
            "a merge of unknown tokens",
            bpe().set("tokenizer.ggml.merges", texts(&["no such"])),
        ),
        ("a token twice", bpe().set("tokenizer.ggml.tokens", texts(&["a"; 379]))),
        (
            "no start token",
            bpe().set("tokenizer.ggml.add_bos_token", boolean(true)),
        ),
        (
            "a start token out of range",
            spm().set("tokenizer.ggml.bos_token_id", count(400)),
        ),
        ("too few scores", spm().set("tokenizer.ggml.scores", f32s(&[0.0]))),
        (
            "scores that are no numbers",
            spm().set("tokenizer.ggml.scores", f32s(&[f32::NAN; 400])),
        ),
    ];
    for (what, builder) in cases {
        let error = tokenizer(&builder).expect_err(what);
        assert!(
            matches!(
                error,
                DataError::Tokenizer { .. } | DataError::Unsupported { .. } | DataError::Malformed { .. }
            ),
            "{what}: {error:?}"
        );
    }
}

#[test]
fn broken_definitions_are_refused() {
    let valid = tokenizer(&byte_level(&golden("byte_level.json"), "smollm"))
        .expect("valid")
        .to_json()
        .expect("writable");
    let mut prefixed: Json = serde_json::from_str(&valid).expect("valid");
    prefixed["model"]["continuing_subword_prefix"] = json!("##########");
    for json in ["", "{}", "[]", "null", &valid[..valid.len() / 2], &prefixed.to_string()] {
        let error = from_json(json).expect_err(json);
        assert!(matches!(error, DataError::Tokenizer { .. }), "{error:?}");
    }
    assert!(matches!(
        Tokenizer::from_file(Path::new("absent.json")),
        Err(DataError::Io { .. })
    ));
}

#[test]
fn truncation_in_a_definition_does_not_shorten_texts() {
    let valid = tokenizer(&byte_level(&golden("byte_level.json"), "smollm"))
        .expect("valid")
        .to_json()
        .expect("writable");
    let mut json: Json = serde_json::from_str(&valid).expect("valid");
    json["truncation"] = json!({ "direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0 });
    let tokenizer = from_json(&json.to_string()).expect("valid");
    assert!(
        tokenizer
            .encode("hello hello hello hello")
            .expect("representable")
            .len()
            > 2
    );
}

#[test]
fn white_space_that_the_library_cannot_cut_is_refused() {
    for pre in ["smollm", "default", "llama-bpe"] {
        let tokenizer = tokenizer(&byte_level(&golden("byte_level.json"), pre)).expect("valid");
        let text = |n| format!("a{}b the end", " ".repeat(n));
        let ids = tokenizer.encode(&text(499_999)).expect("cut");
        let short = tokenizer.encode(&text(9)).expect("cut");
        assert_eq!(ids[ids.len() - 4..], short[short.len() - 4..], "{pre}");
        assert!(matches!(
            tokenizer.encode(&text(500_000)),
            Err(DataError::Tokenizer { .. })
        ));
    }
}
