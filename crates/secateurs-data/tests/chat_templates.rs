//! Where chat templates and special tokens are found, as transformers 5.24 finds them.

mod support;

use std::path::Path;

use secateurs_data::{Checkpoint, DataError};
use serde_json::{Value as Json, json};

/// A model of one tensor with other files beside it.
fn folder(files: &[(&str, Json)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = |name: &str| folder.path().join(name);
    let header = json!({ "w": support::entry("F32", &[1], 0, 4) });
    support::hf_folder(folder.path(), &support::safetensors(&header.to_string(), &[0; 4]));
    for (name, content) in files {
        let content = content.as_str().map_or_else(|| content.to_string(), str::to_owned);
        std::fs::create_dir_all(path(name).parent().expect("it is in the folder")).expect("writable");
        std::fs::write(path(name), content).expect("writable");
    }
    folder
}

fn template(path: &Path) -> Result<Option<String>, DataError> {
    Checkpoint::open(path).expect("a model").chat_template()
}

/// Files of a model, and the template that counts.
type Case<'a> = (&'a [(&'a str, Json)], Option<&'a str>);

#[test]
fn the_first_place_that_has_templates_decides() {
    let named = |first: &str, second: &str| json!({ "chat_template": [{ "name": first, "template": first }, { "name": second, "template": second }] });
    let config = "tokenizer_config.json";
    let cases: [Case<'_>; 10] = [
        (&[], None),
        (&[(config, json!({ "chat_template": null }))], None),
        (&[(config, json!({ "chat_template": "plain" }))], Some("plain")),
        (&[(config, named("default", "tool_use"))], Some("default")),
        (&[(config, named("rag", "default"))], Some("default")),
        (
            &[(config, json!({ "chat_template": { "a": "A", "default": "D" } }))],
            Some("D"),
        ),
        (
            &[
                (config, named("default", "rag")),
                ("chat_template.jinja", json!("file")),
            ],
            Some("file"),
        ),
        (
            &[
                ("chat_template.jinja", json!("file")),
                ("additional_chat_templates/tool_use.jinja", json!("tools")),
            ],
            Some("file"),
        ),
        (
            &[("chat_template.json", json!({ "chat_template": "processor" }))],
            Some("processor"),
        ),
        (
            &[
                (config, json!({ "chat_template": "plain" })),
                ("chat_template.json", json!({ "chat_template": "processor" })),
            ],
            Some("plain"),
        ),
    ];
    for (files, expected) in cases {
        let folder = folder(files);
        assert_eq!(
            template(folder.path()).expect("usable").as_deref(),
            expected,
            "{files:?}"
        );
    }
}

#[test]
fn templates_without_a_default_are_named() {
    let config = |template: Json| ("tokenizer_config.json", json!({ "chat_template": template }));
    let named = json!([{ "name": "tool_use", "template": "x" }]);
    for (file, expected) in [
        (config(named), "only others are there (tool_use)"),
        (config(json!([])), "none is named \"default\""),
        (config(json!([{ "name": "default" }])), "neither a text nor a list"),
        (config(json!(7)), "neither a text nor a list"),
        (
            ("additional_chat_templates/rag.jinja", json!("x")),
            "only others are there (rag)",
        ),
    ] {
        let folder = folder(&[file]);
        let error = template(folder.path()).expect_err("there is no default").to_string();
        assert!(error.contains(expected) && error.contains("--raw"), "{error}");
    }
}

#[test]
fn special_tokens_are_those_that_transformers_passes() {
    let config = json!({ "bos_token": "<s>", "eos_token": { "content": "</s>" },
        "sep_token": null, "add_bos_token": true, "model_max_length": 5 });
    let mapped = (
        "special_tokens_map.json",
        json!({ "bos_token": "<b>", "pad_token": "<p>" }),
    );
    let tokens = |config: &Json| {
        let folder = folder(&[("tokenizer_config.json", config.clone()), mapped.clone()]);
        let checkpoint = Checkpoint::open(folder.path()).expect("a model");
        checkpoint.special_tokens().expect("readable")
    };
    let eos = json!({ "content": "</s>" });
    assert_eq!(
        tokens(&config),
        json!({ "bos_token": "<b>", "eos_token": eos, "pad_token": "<p>" })
    );
    let mut listed = config.clone();
    listed["added_tokens_decoder"] = json!({});
    assert_eq!(tokens(&listed), json!({ "bos_token": "<s>", "eos_token": eos }));
}

/// A tokenizer of two letters with one special token.
fn tokenizer() -> Json {
    json!({
        "version": "1.0", "truncation": null, "padding": null, "normalizer": null, "pre_tokenizer": null,
        "post_processor": null, "decoder": null,
        "added_tokens": [{ "id": 2, "content": "<end>", "single_word": false, "lstrip": false, "rstrip": true,
            "normalized": false, "special": true }],
        "model": { "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
            "vocab": { "a": 0, "b": 1, "<end>": 2 }, "merges": [] },
    })
}

#[test]
fn settings_that_would_cut_texts_in_another_way_are_refused() {
    let opened = |config: Json| {
        let folder = folder(&[("tokenizer.json", tokenizer()), ("tokenizer_config.json", config)]);
        let model = Checkpoint::open(folder.path()).expect("a model");
        model.tokenizer().map(drop).map_err(|error| error.to_string())
    };
    let added = |id: &str, content: &str, rstrip: bool| {
        let token =
            json!({ "content": content, "lstrip": false, "rstrip": rstrip, "single_word": false, "normalized": false });
        json!({ "added_tokens_decoder": { id: token } })
    };
    for harmless in [
        json!({}),
        json!("no JSON at all"),
        json!({ "split_special_tokens": false }),
        added("2", "<end>", true),
    ] {
        assert_eq!(opened(harmless.clone()), Ok(()), "{harmless}");
    }
    for (other, name) in [
        (json!({ "split_special_tokens": true }), "split_special_tokens"),
        (added("2", "<end>", false), "added_tokens_decoder"),
        (added("2", "<stop>", true), "added_tokens_decoder"),
        (added("3", "<more>", false), "<more>"),
        (added("x", "<end>", true), "token x"),
    ] {
        let error = opened(other.clone()).expect_err("another tokenizer");
        assert!(error.contains(name), "{other}: {error}");
    }
}

#[test]
fn tokens_with_names_of_their_own_are_special_tokens() {
    for field in ["extra_special_tokens", "model_specific_special_tokens"] {
        let config =
            json!({ "bos_token": "<s>", "audio_token": "<audio>", field: { "image_token": "<image>", "n": 1 } });
        let folder = folder(&[("tokenizer_config.json", config)]);
        let tokens = Checkpoint::open(folder.path()).and_then(|model| model.special_tokens());
        let right = json!({ "bos_token": "<s>", "audio_token": "<audio>", "image_token": "<image>" });
        assert_eq!(tokens.expect("valid"), right, "{field}");
    }
}
