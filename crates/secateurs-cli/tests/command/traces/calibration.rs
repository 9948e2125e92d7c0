//! Pruning and measuring with traces.

use std::fs;

use crate::tiny::bytes;
use crate::tiny::traces::{N_PROMPTS, lines, n_tokens, tiny, trace};

#[test]
fn traces_calibrate_and_measure() {
    let tiny = tiny();
    tiny.succeed(&trace("t.jsonl", &["--quiet"]));
    let total: usize = lines(&tiny, "t.jsonl")[1..]
        .iter()
        .map(|trace| n_tokens(trace, "prompt_tokens") + n_tokens(trace, "new_tokens"))
        .sum();
    for method in ["wanda", "sparsegpt", "alps"] {
        let args = ["prune", "model", "-m", method, "-s", "0.5", "-c", "t.jsonl"];
        let result = tiny.json(&[&args[..], &["-o", method, "--json"]].concat());
        assert_eq!(result["sparsity"], 0.5);
        let note = result["notes"][0].as_str().expect("there is a note");
        assert!(
            note.contains("20 traces") && note.contains("sampled from this model"),
            "{note}"
        );
        let cut = [
            "--calibration-part",
            "prompt",
            "--calibration-tokens",
            "40",
            "-o",
            "cut",
            "--json",
            "--force",
        ];
        let result = tiny.json(&[&args[..], &cut].concat());
        assert!(
            result["notes"]
                .to_string()
                .contains("40 tokens of prompts, 0 of continuations")
        );
    }
    let recipe = String::from_utf8(bytes(tiny.path("cut/recipe.toml"))).expect("a recipe is UTF-8");
    assert!(
        recipe.contains("traces = \"t.jsonl\"") && recipe.contains("tokens = 40"),
        "{recipe}"
    );
    tiny.succeed(&["prune", "model", "-r", "cut/recipe.toml", "-o", "again", "--quiet"]);
    assert_eq!(
        bytes(tiny.path("again/model.safetensors")),
        bytes(tiny.path("cut/model.safetensors"))
    );
    // A text takes the place of traces, with what belongs to them.
    let page = tiny.succeed(&[
        "prune",
        "model",
        "-r",
        "cut/recipe.toml",
        "-c",
        "calibration.txt",
        "--window",
        "32",
        "-o",
        "x",
        "--dry-run",
    ]);
    assert!(
        page.contains("text = \"calibration.txt\"") && !page.contains("t.jsonl"),
        "{page}"
    );
    let page = tiny.succeed(&[
        "prune",
        "model",
        "-m",
        "wanda",
        "-s",
        "0.5",
        "-c",
        "t.jsonl",
        "-o",
        "x",
        "--dry-run",
    ]);
    assert!(
        page.contains("traces = \"t.jsonl\"") && page.contains("part = \"full\""),
        "{page}"
    );

    let too_many = (total + 1).to_string();
    let wanda = ["prune", "model", "-m", "wanda", "-s", "0.5", "-o", "none", "-c"];
    let line = tiny.refuse(
        1,
        &[&wanda[..], &["t.jsonl", "--calibration-tokens", &too_many]].concat(),
    );
    assert!(
        line.contains(&format!("have {total} tokens, calibration needs {too_many}")),
        "{line}"
    );
    let line = tiny.refuse(1, &[&wanda[..], &["t.jsonl", "--window", "8"]].concat());
    assert!(line.contains("window is a setting of texts"), "{line}");
    let line = tiny.refuse(
        1,
        &[&wanda[..], &["calibration.txt", "--calibration-tokens", "8"]].concat(),
    );
    assert!(line.contains("tokens is a setting of traces"), "{line}");

    let same = tiny.json(&["eval", "model", "--traces", "t.jsonl", "--against", "model", "--json"]);
    assert_eq!(same["on_policy"], true);
    for part in ["prompt", "decode"] {
        for measure in ["kl", "hidden_error", "hidden_distance"] {
            assert_eq!(same[part][measure], 0.0, "{part} {measure}");
        }
        assert_eq!(same[part]["nll_dense"], same[part]["nll_pruned"]);
    }
    let n_new: usize = lines(&tiny, "t.jsonl")[1..]
        .iter()
        .map(|trace| n_tokens(trace, "new_tokens"))
        .sum();
    assert_eq!(same["decode"]["predicted_tokens"], n_new);
    assert_eq!(same["prompt"]["predicted_tokens"], total - n_new - N_PROMPTS);
    assert_eq!(same["prompt"]["tokens"], total - n_new);
    let pruned = tiny.json(&[
        "eval",
        "wanda",
        "--traces",
        "t.jsonl",
        "--against",
        "model",
        "--limit",
        "5",
        "--json",
    ]);
    assert_eq!(pruned["traces"], 5);
    assert!(pruned["decode"]["kl"].as_f64().is_some_and(|kl| kl > 0.0));
    let page = tiny.succeed(&["eval", "wanda", "--traces", "t.jsonl", "--against", "model"]);
    assert!(
        page.contains("continuations") && page.contains("hidden error"),
        "{page}"
    );
    assert!(!page.contains("did not write"), "{page}");
    let page = tiny.succeed(&["eval", "model", "--traces", "t.jsonl", "--against", "wanda"]);
    assert!(page.contains("did not write these traces"), "{page}");
}

#[test]
fn traces_that_are_none() {
    let tiny = tiny();
    let eval = |traces| ["eval", "model", "--against", "model", "--traces", traces];
    let line = tiny.refuse(1, &eval("test.txt"));
    assert!(line.contains("test.txt is no file of traces"), "{line}");
    tiny.refuse(1, &eval("absent"));
    let line = tiny.refuse(2, &["eval", "model", "--traces", "t.jsonl"]);
    assert!(line.contains("--against"), "{line}");
    tiny.succeed(&trace("t.jsonl", &["--quiet"]));
    let good = String::from_utf8(bytes(tiny.path("t.jsonl"))).expect("traces are UTF-8");
    let prune = [
        "prune",
        "model",
        "-m",
        "wanda",
        "-s",
        "0.5",
        "-o",
        "out",
        "-c",
        "bad.jsonl",
    ];
    for (content, part) in [
        (
            good.replacen("\"prompt_tokens\":[", "\"prompt_tokens\":[64,", 1),
            "line 2: token id 64 is outside",
        ),
        (good.replacen("\"version\":1", "\"version\":9", 1), "version 9"),
        (good.replacen("\"version\":1", "\"version\":1,\"more\":2", 1), "line 1"),
        (good[..good.len() - 5].to_owned(), "line 21: EOF"),
    ] {
        fs::write(tiny.path("bad.jsonl"), content).expect("it can be written");
        for args in [&prune[..], &eval("bad.jsonl")] {
            let line = tiny.refuse(1, args);
            assert!(line.contains(part), "{part:?} is not in {line:?}");
        }
        assert!(!tiny.path("out").exists() && !tiny.path("out.partial").exists());
    }
}
