//! The way of prompts to a model: chat templates, start tokens, files, and ids that the tokenizer does not have.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use crate::tiny::traces::lines;
use crate::tiny::{Tiny, bytes};
use serde_json::{Value, json};

/// A template of words that the tokenizer knows.
const CHAT: &str = "{% for m in messages %}w1 {{ m.content }} w2 {% endfor %}{% if tools is none %}w3{% endif %}";

impl Tiny {
    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).expect("it can be written");
    }

    /// Gives the model a configuration of its tokenizer.
    fn configure(&self, config: &Value) {
        self.write("model/tokenizer_config.json", config.to_string().as_bytes());
    }

    /// Gives the model a tokenizer that puts `w50` before a text and `w51` after it.
    fn add_start_token(&self) {
        let mut tokenizer: Value = serde_json::from_slice(&bytes(self.path("model/tokenizer.json"))).expect("JSON");
        let special = |name: &str| json!({ "SpecialToken": { "id": name, "type_id": 0 } });
        let single = json!([special("w50"), { "Sequence": { "id": "A", "type_id": 0 } }, special("w51")]);
        let token = |id: u32| json!({ "id": format!("w{id}"), "ids": [id], "tokens": [format!("w{id}")] });
        tokenizer["post_processor"] = json!({ "type": "TemplateProcessing", "single": single, "pair": single,
            "special_tokens": { "w50": token(50), "w51": token(51) } });
        self.write("model/tokenizer.json", tokenizer.to_string().as_bytes());
    }

    /// The tokens of the prompts of a file as they are put to the model.
    fn prompt_tokens(&self, prompts: &str, args: &[&str]) -> Vec<Value> {
        let command = [
            "trace",
            "model",
            "--prompts",
            prompts,
            "-n",
            "1",
            "-o",
            "t",
            "--force",
            "--quiet",
        ];
        self.succeed(&[&command[..], args].concat());
        lines(self, "t")[1..]
            .iter()
            .map(|trace| trace["prompt_tokens"].clone())
            .collect()
    }

    fn completions(&self, args: &[&str]) -> Vec<Value> {
        let result = self.json(&[&["generate", "model", "-n", "1", "--json"], args].concat());
        result["completions"].as_array().expect("a list").clone()
    }
}

#[test]
fn messages_go_through_the_template_named_default() {
    let tiny = Tiny::new(1);
    tiny.write("p.txt", b"w7\n");
    let named = |name: &str, template: &str| json!({ "name": name, "template": template });
    for template in [json!(CHAT), json!([named("rag", "w9"), named("default", CHAT)])] {
        tiny.configure(&json!({ "chat_template": template }));
        assert_eq!(tiny.prompt_tokens("p.txt", &[]), [json!([1, 7, 2, 3])]);
    }
    tiny.configure(&json!({ "chat_template": [named("rag", CHAT)] }));
    let error = tiny.refuse(1, &["generate", "model", "w7"]);
    assert!(
        error.contains("tokenizer_config.json") && error.contains("rag"),
        "{error}"
    );
}

#[test]
fn raw_prompts_need_no_template() {
    let tiny = Tiny::new(1);
    tiny.write("p.txt", b"w7\n");
    let named = json!([{ "name": "rag", "template": CHAT }]);
    for template in [
        json!("{% nonsense %}"),
        json!("{{ "),
        json!("{{ raise_exception('no') }}"),
        json!(7),
        named,
    ] {
        tiny.configure(&json!({ "chat_template": template }));
        assert_eq!(tiny.completions(&["--raw", "w7 w8"])[0]["prompt_tokens"], 2);
        assert_eq!(tiny.prompt_tokens("p.txt", &["--raw"]), [json!([7])]);
        tiny.refuse(1, &["generate", "model", "w7"]);
    }
    tiny.write("model/tokenizer_config.json", b"{ no JSON");
    assert_eq!(tiny.completions(&["--raw", "w7"])[0]["prompt_tokens"], 1);
    let error = tiny.refuse(1, &["generate", "model", "w7"]);
    assert!(error.contains("tokenizer_config.json"), "{error}");
    assert!(
        tiny.json(&[
            "bench",
            "model",
            "--prompt-tokens",
            "4",
            "--new-tokens",
            "2",
            "--repeats",
            "1",
            "--json"
        ])
        .is_object()
    );
}

#[test]
fn raw_prompts_begin_as_the_tokenizer_says() {
    let tiny = Tiny::new(1);
    tiny.add_start_token();
    tiny.write("p.txt", b"w7\nw50 w7\n");
    let with_start = [json!([50, 7]), json!([50, 7])];
    assert_eq!(tiny.prompt_tokens("p.txt", &["--raw"]), with_start);
    assert_eq!(
        tiny.prompt_tokens("p.txt", &[]),
        with_start,
        "there is no template, so they are raw"
    );
    assert_eq!(
        tiny.prompt_tokens("p.txt", &["--raw", "--no-start-token"]),
        [json!([7]), json!([50, 7])]
    );
    assert_eq!(tiny.completions(&["--raw", "w7"])[0]["prompt_tokens"], 2);
    assert_eq!(
        tiny.completions(&["--raw", "--no-start-token", "w7"])[0]["prompt_tokens"],
        1
    );
    assert_eq!(tiny.completions(&["--raw", ""])[0]["prompt_tokens"], 1);
    tiny.refuse(1, &["generate", "model", "--raw", "--no-start-token", ""]);
    // A template writes its own.
    tiny.configure(&json!({ "chat_template": CHAT }));
    assert_eq!(tiny.prompt_tokens("p.txt", &["--limit", "1"]), [json!([1, 7, 2, 3])]);
    let output = tiny.run(&["generate", "model", "--no-start-token", "w7"]);
    assert_eq!(output.status.code(), Some(2));
    for command in ["generate", "trace"] {
        assert!(tiny.succeed(&[command, "--help"]).contains("--no-start-token"));
    }
}

#[test]
fn running_text_has_no_start_token() {
    let tiny = Tiny::new(1);
    let args = ["eval", "model", "--text", "test.txt", "--window", "16", "--json"];
    let expected = tiny.json(&args)["perplexity"].clone();
    tiny.add_start_token();
    assert_eq!(tiny.json(&args)["perplexity"], expected);
}

#[test]
fn dropout_of_a_tokenizer_changes_nothing() {
    let tiny = Tiny::new(1);
    let vocab: serde_json::Map<String, Value> = ["a", "b", "ab"]
        .iter()
        .zip(0..)
        .map(|(token, id): (_, u32)| ((*token).into(), id.into()))
        .collect();
    let mut tokenizer = json!({ "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": null, "post_processor": null, "decoder": null, "model": { "type": "BPE", "dropout": null,
        "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": false,
        "byte_fallback": false, "ignore_merges": false, "vocab": vocab, "merges": [["a", "b"]] } });
    tiny.write("ab.txt", "abbab".repeat(60).as_bytes());
    let perplexity = |tokenizer: &Value| {
        tiny.write("model/tokenizer.json", tokenizer.to_string().as_bytes());
        tiny.json(&["eval", "model", "--text", "ab.txt", "--window", "16", "--json"])["perplexity"].clone()
    };
    let expected = perplexity(&tokenizer);
    tokenizer["model"]["dropout"] = json!(0.5);
    assert_eq!(perplexity(&tokenizer), expected);
    // The copy beside a pruned model is the file as it was.
    tiny.succeed(&[
        "prune",
        "model",
        "-m",
        "magnitude",
        "-s",
        "0.5",
        "-o",
        "pruned",
        "--quiet",
    ]);
    assert_eq!(
        bytes(tiny.path("pruned/tokenizer.json")),
        bytes(tiny.path("model/tokenizer.json"))
    );
}

#[test]
fn ids_without_text_are_no_reason_to_stop() {
    let tiny = Tiny::new(1);
    let mut tokenizer: Value = serde_json::from_slice(&bytes(tiny.path("model/tokenizer.json"))).expect("JSON");
    let words = tokenizer["model"]["vocab"].as_object_mut().expect("words");
    words.retain(|word, id| word == "[UNK]" || id.as_u64().is_some_and(|id| id < 8));
    words["[UNK]"] = 9.into();
    tiny.write("model/tokenizer.json", tokenizer.to_string().as_bytes());
    tiny.write("p.txt", b"w1\nw2\nw3\n");
    let sampled = ["--raw", "--temperature", "3", "-n", "40"];
    let result = tiny.json(&[&["generate", "model", "w1", "--json"], &sampled[..]].concat());
    let completion = &result["completions"][0];
    assert_eq!(completion["new_tokens"], 40);
    assert!(
        completion["text"]
            .as_str()
            .is_some_and(|text| text.split(' ').count() < 40),
        "{completion}"
    );
    tiny.succeed(&[&["generate", "model", "w1"], &sampled[..]].concat());
    tiny.succeed(
        &[
            &["trace", "model", "--prompts", "p.txt", "-o", "t", "--quiet"],
            &sampled[..],
        ]
        .concat(),
    );
    let ids: Vec<u64> = lines(&tiny, "t")[1..]
        .iter()
        .flat_map(|trace| {
            trace["new_tokens"]
                .as_array()
                .expect("a list")
                .iter()
                .filter_map(Value::as_u64)
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(ids.iter().any(|id| *id > 9), "{ids:?}");
}

#[test]
fn every_line_of_a_file_is_a_prompt() {
    let tiny = Tiny::new(1);
    let expected = ["w1", "-", "@w2", "--raw", " w3 "];
    tiny.write("p.txt", "\u{feff}w1\r\n-\r\n\r\n@w2\r\n--raw\r\n w3 ".as_bytes());
    let objects: Vec<String> = expected
        .iter()
        .map(|text| json!({ "prompt": text }).to_string())
        .collect();
    tiny.write("p.jsonl", format!("\u{feff}\n{}\n", objects.join("\n\n")).as_bytes());
    fs::copy(tiny.path("p.jsonl"), tiny.path("p.NDJSON")).expect("it can be copied");
    for file in ["p.txt", "p.jsonl", "p.NDJSON"] {
        let completions = tiny.completions(&["--raw", "--prompts-from", file]);
        let prompts: Vec<&str> = completions
            .iter()
            .filter_map(|completion| completion["prompt"].as_str())
            .collect();
        assert_eq!(prompts, expected, "{file}");
        assert_eq!(tiny.prompt_tokens(file, &["--raw"]).len(), expected.len());
    }
    fs::copy(tiny.path("p.jsonl"), tiny.path("objects.txt")).expect("it can be copied");
    let wide: Vec<u8> = "w1\nw2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    tiny.write("wide.txt", &wide);
    for (file, reason) in [("objects.txt", ".jsonl"), ("wide.txt", "UTF-16")] {
        for command in [
            &["generate", "model", "--raw", "--prompts-from", file][..],
            &["trace", "model", "-o", "no", "--prompts", file],
        ] {
            let error = tiny.refuse(1, command);
            assert!(error.contains(reason), "{error}");
        }
    }
}

#[test]
fn a_dash_on_the_command_line_is_standard_input() {
    let tiny = Tiny::new(1);
    let mut command = tiny.command(&["generate", "model", "--raw", "-n", "1", "--json", "-", "w1", "-"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(b"w5 w6")
        .expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let result: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let prompts: Vec<&Value> = (0..3).map(|index| &result["completions"][index]["prompt"]).collect();
    assert_eq!(prompts, ["w5 w6", "w1", "w5 w6"]);
}
