//! Files of traces that fill the context, or that look like something else.

use std::fs;

use crate::tiny::traces::{lines, n_tokens, tiny, trace};
use crate::tiny::{Tiny, bytes};
use serde_json::Value;

/// A pruning calibrated on a file, and `args`.
fn prune<'a>(file: &'a str, args: &[&'a str]) -> Vec<&'a str> {
    let command = [
        "prune", "model", "-m", "wanda", "-s", "0.5", "-o", "out", "--force", "--json", "-c", file,
    ];
    [&command[..], args].concat()
}

#[test]
fn traces_that_fill_the_context_calibrate_and_measure() {
    let tiny = tiny();
    let sampled = ["-n", "500", "--temperature", "1", "--quiet", "-o", "full.jsonl"];
    tiny.succeed(
        &[
            &["trace", "model", "--prompts", "prompts.jsonl", "--limit", "3"],
            &sampled[..],
        ]
        .concat(),
    );
    for trace in &lines(&tiny, "full.jsonl")[1..] {
        assert_eq!(trace["stop"], "context-full");
        assert!(n_tokens(trace, "prompt_tokens") + n_tokens(trace, "new_tokens") >= 64);
    }
    let notes = tiny.json(&prune("full.jsonl", &[]))["notes"].to_string();
    assert!(notes.contains("calibrated on 3 traces"), "{notes}");
    let result = tiny.json(&["eval", "out", "--traces", "full.jsonl", "--against", "model", "--json"]);
    assert!(result["decode"]["kl"].as_f64().is_some_and(|kl| kl > 0.0), "{result}");
    // A model of fewer positions cannot run them.
    let mut config: Value = serde_json::from_slice(&bytes(tiny.path("model/config.json"))).expect("JSON");
    config["max_position_embeddings"] = 40.into();
    fs::write(tiny.path("model/config.json"), config.to_string()).expect("it can be written");
    let error = tiny.refuse(1, &prune("full.jsonl", &[]));
    assert!(error.contains("full.jsonl, line 2"), "{error}");
}

fn disguised(tiny: &Tiny) -> Vec<String> {
    tiny.succeed(&trace("t.jsonl", &["--quiet"]));
    let traces = String::from_utf8(bytes(tiny.path("t.jsonl"))).expect("UTF-8");
    let write = |name: &str, content: &str| {
        fs::write(tiny.path(name), content).expect("it can be written");
        name.to_owned()
    };
    vec![
        write("mark.txt", &format!("\u{feff}{traces}")),
        write("empty.txt", &format!("\n \r\n{traces}\n\n")),
        write("windows.txt", &traces.replace('\n', "\r\n")),
    ]
}

#[test]
fn traces_are_recognised_whatever_stands_before_them() {
    let tiny = tiny();
    let files = disguised(&tiny);
    let expected = tiny.json(&prune("t.jsonl", &[]))["notes"].clone();
    for file in &files {
        assert_eq!(tiny.json(&prune(file, &[]))["notes"], expected, "{file}");
        let error = tiny.refuse(1, &prune(file, &["--window", "16"]));
        assert!(error.contains("window"), "{error}");
    }
}

#[test]
fn traces_and_json_lines_are_no_text() {
    let tiny = tiny();
    let mut files = disguised(&tiny);
    files.push("t.jsonl".to_owned());
    fs::write(tiny.path("recipe.toml"), "").expect("it can be written");
    for file in &files {
        let error = tiny.refuse(1, &["eval", "model", "--text", file, "--window", "16"]);
        assert!(error.contains(file) && error.contains("traces"), "{error}");
        let error = tiny.refuse(1, &["generate", "model", "--raw", "--prompts-from", file]);
        assert!(error.contains("traces"), "{error}");
        let recipe = format!("[calibration]\ntext = \"{file}\"\nwindow = 16\nwindows = 4\n");
        fs::write(tiny.path("recipe.toml"), recipe).expect("it can be written");
        let command = [
            "prune",
            "model",
            "--recipe",
            "recipe.toml",
            "-m",
            "wanda",
            "-s",
            "0.5",
            "-o",
            "no",
        ];
        let error = tiny.refuse(1, &command);
        assert!(error.contains("traces"), "{error}");
    }
    // Neither are other JSON lines, nor traces that lost their first line.
    let headless = String::from_utf8(bytes(tiny.path("t.jsonl"))).expect("UTF-8");
    let headless = headless
        .split_once('\n')
        .map(|(_, rest)| rest.to_owned())
        .expect("several lines");
    fs::write(tiny.path("headless.txt"), headless).expect("it can be written");
    for file in ["headless.txt", "prompts.jsonl"] {
        let error = tiny.refuse(1, &prune(file, &["--window", "16", "--windows", "4"]));
        assert!(error.contains(file) && error.contains("JSON"), "{error}");
    }
}

#[test]
fn ids_of_traces_beyond_the_model_are_named() {
    let tiny = tiny();
    tiny.succeed(&trace("t.jsonl", &["--quiet"]));
    let traces = String::from_utf8(bytes(tiny.path("t.jsonl"))).expect("UTF-8");
    let broken = traces.replacen("\"new_tokens\":[", "\"new_tokens\":[64,", 1);
    fs::write(tiny.path("broken.jsonl"), broken).expect("it can be written");
    let error = tiny.refuse(1, &prune("broken.jsonl", &[]));
    assert!(
        error.contains("broken.jsonl, line 2: token id 64 is outside the vocabulary of 64"),
        "{error}"
    );
}
