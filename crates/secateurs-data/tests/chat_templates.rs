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
