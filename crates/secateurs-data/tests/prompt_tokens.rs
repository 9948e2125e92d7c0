//! What a tokenizer adds to a prompt, ignores of its training, and makes of ids that it does not have.

mod support;

use secateurs_data::{Checkpoint, Tokenizer};
use serde_json::{Value as Json, json};
use support::gguf::{Builder, boolean, f32s, i32s, text, texts, u32 as count};

/// A tokenizer of single letters and three merges, with two special tokens.
fn definition() -> Json {
    let vocab = ["<s>", "</s>", "a", "b", "c", "ab", "bc", "abc"];
    let ids: serde_json::Map<String, Json> = vocab
        .iter()
        .zip(0..)
        .map(|(token, id): (_, u32)| ((*token).to_owned(), id.into()))
        .collect();
    let special = |id: u32| {
        json!({ "id": id, "content": vocab[id as usize], "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true })
    };
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [special(0), special(1)],
        "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": { "type": "Fuse" },
        "model": { "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
            "vocab": ids, "merges": [["a", "b"], ["b", "c"], ["ab", "c"]] },
    })
}

fn load(definition: &Json) -> Tokenizer {
    let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    std::fs::write(file.path(), definition.to_string()).expect("it can be written");
    Tokenizer::from_file(file.path()).expect("a definition")
}

fn template(single: &[Json]) -> Json {
    json!({ "type": "TemplateProcessing", "single": single, "pair": single,
        "special_tokens": { "<s>": { "id": "<s>", "ids": [0], "tokens": ["<s>"] }, "</s>": { "id": "</s>", "ids": [1], "tokens": ["</s>"] } } })
}

#[test]
fn start_tokens_are_those_before_the_text() {
    let special = |name: &str| json!({ "SpecialToken": { "id": name, "type_id": 0 } });
    let (start, end, text) = (
        special("<s>"),
        special("</s>"),
        json!({ "Sequence": { "id": "A", "type_id": 0 } }),
    );
    let byte_level = json!({ "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true });
    for (post_processor, expected) in [
        (Json::Null, &[][..]),
        (byte_level.clone(), &[]),
        (template(&[start.clone(), text.clone()]), &[0]),
        (template(&[text.clone(), end.clone()]), &[]),
        (template(&[start.clone(), text.clone(), end.clone()]), &[0]),
        (template(&[start.clone(), start.clone(), text.clone()]), &[0, 0]),
        (
            json!({ "type": "Sequence", "processors": [byte_level, template(&[start.clone(), text.clone()])] }),
            &[0],
        ),
        (
            json!({ "type": "BertProcessing", "sep": ["</s>", 1], "cls": ["<s>", 0] }),
            &[0],
        ),
    ] {
        let mut definition = definition();
        definition["post_processor"] = post_processor;
        let tokenizer = load(&definition);
        assert_eq!(tokenizer.start_tokens().expect("it encodes"), expected, "{definition}");
        // Running text stays as it is.
        assert_eq!(tokenizer.encode("abc").expect("it encodes"), [7]);
    }
}

#[test]
fn start_tokens_of_gguf_files_follow_their_key_and_kind() {
    let pieces = ["<unk>", "<s>", "</s>", "\u{2581}", "a"];
    let spm = || {
        Builder::llama_with_embedding()
            .set("tokenizer.ggml.model", text("llama"))
            .set("tokenizer.ggml.tokens", texts(&pieces))
            .set("tokenizer.ggml.token_type", i32s(&[2, 3, 3, 1, 1]))
            .set("tokenizer.ggml.scores", f32s(&[0.0; 5]))
            .set("tokenizer.ggml.bos_token_id", count(1))
    };
    let bpe = |pre: &str| {
        Builder::llama_with_embedding()
            .set("tokenizer.ggml.model", text("gpt2"))
            .set("tokenizer.ggml.pre", text(pre))
            .set("tokenizer.ggml.tokens", texts(&["a", "<s>"]))
            .set("tokenizer.ggml.token_type", i32s(&[1, 3]))
            .set("tokenizer.ggml.merges", texts(&[]))
            .set("tokenizer.ggml.bos_token_id", count(1))
    };
    let key = "tokenizer.ggml.add_bos_token";
    for (builder, expected) in [
        (spm(), &[1][..]),
        (spm().set(key, boolean(false)), &[]),
        (bpe("gpt-2"), &[]),
        (bpe("gpt-2").set(key, boolean(true)), &[1]),
        (bpe("llama-bpe"), &[1]),
        (bpe("llama-bpe").set(key, boolean(false)), &[]),
    ] {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("model.gguf");
        std::fs::write(&path, builder.build()).expect("writable");
        let tokenizer = Checkpoint::open(&path)
            .expect("a model")
            .tokenizer()
            .expect("a tokenizer");
        assert_eq!(tokenizer.start_tokens().expect("it encodes"), expected);
    }
}

#[test]
fn settings_for_training_change_nothing() {
    let expected = load(&definition()).encode("abcabcab").expect("it encodes");
    assert_eq!(expected, [7, 7, 5]);
    for dropout in [json!(0.9), json!(1.0), json!(0.0), json!(7), json!("half")] {
        let mut trained = definition();
        trained["model"]["dropout"] = dropout;
        trained["truncation"] =
            json!({ "direction": "Right", "max_length": 1, "strategy": "LongestFirst", "stride": 0 });
        trained["padding"] = json!({ "strategy": { "Fixed": 9 }, "direction": "Right", "pad_to_multiple_of": null,
            "pad_id": 0, "pad_type_id": 0, "pad_token": "<s>" });
        let tokenizer = load(&trained);
        for _ in 0..20 {
            assert_eq!(tokenizer.encode("abcabcab").expect("it encodes"), expected);
        }
    }
}

#[test]
fn ids_without_a_token_have_no_text() {
    let mut holed = definition();
    holed["model"]["vocab"]["abc"] = 40.into();
    let tokenizer = load(&holed);
    assert_eq!(
        tokenizer.decode(&[2, 7, 39, 3, 40, 41, u32::MAX]).expect("it decodes"),
        "ababc"
    );
    assert_eq!(tokenizer.decode(&[9, 41]).expect("it decodes"), "");
    let mut stream = tokenizer.stream();
    let texts: Vec<String> = [9, 2, 41, 40].map(|id| stream.push(id).expect("it decodes")).into();
    assert_eq!(texts, ["", "a", "", "abc"]);
    assert_eq!(stream.finish().expect("it decodes"), "");
}
