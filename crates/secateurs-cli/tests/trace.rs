//! Traces: what `secateurs trace` makes, and pruning and measuring with them.

mod tiny;

use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tiny::{Tiny, bytes};

const N_PROMPTS: usize = 20;

/// A model, and prompts of different lengths with solutions and answers.
fn tiny() -> Tiny {
    let tiny = Tiny::new(2);
    let line = |index: usize| {
        let words: Vec<String> = (0..2 + index % 5)
            .map(|word| format!("w{}", (index * 7 + word) % 60))
            .collect();
        format!(
            r##"{{"question": "{}", "solution": "w1 w2 w3 w{index}", "answer": "so it is #### {index}"}}"##,
            words.join(" ")
        )
    };
    let lines: Vec<String> = (0..N_PROMPTS).map(line).collect();
    fs::write(tiny.path("prompts.jsonl"), lines.join("\n")).expect("the prompts can be written");
    tiny
}

fn trace<'a>(out: &'a str, args: &[&'a str]) -> Vec<&'a str> {
    [
        &[
            "trace",
            "model",
            "--prompts",
            "prompts.jsonl",
            "-n",
            "9",
            "--temperature",
            "1",
            "-o",
            out,
        ],
        args,
    ]
    .concat()
}

/// Header and traces.
fn lines(tiny: &Tiny, name: &str) -> Vec<Value> {
    let text = String::from_utf8(bytes(tiny.path(name))).expect("traces are UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("every line is JSON"))
        .collect()
}

fn n_tokens(trace: &Value, field: &str) -> usize {
    trace[field].as_array().expect("a list").len()
}

#[test]
fn traces_hold_prompts_and_what_was_sampled() {
    let tiny = tiny();
    let result = tiny.json(&trace(
        "t.jsonl",
        &["--samples", "2", "--json", "--answer-field", "answer"],
    ));
    let lines = lines(&tiny, "t.jsonl");
    assert_eq!(lines[0]["format"], "secateurs-traces");
    assert_eq!(lines[0]["source"]["seed"], 42);
    assert_eq!(lines.len(), 1 + 2 * N_PROMPTS);
    let (mut n_prompt, mut n_new, mut n_limited) = (0, 0, 0);
    for (index, trace) in lines[1..].iter().enumerate() {
        assert_eq!(
            (&trace["prompt"], &trace["sample"]),
            (&(index / 2).into(), &(index % 2).into())
        );
        assert_eq!(n_tokens(trace, "prompt_tokens"), 2 + index / 2 % 5);
        n_prompt += n_tokens(trace, "prompt_tokens");
        n_new += n_tokens(trace, "new_tokens");
        n_limited += usize::from(trace["stop"] == "max-tokens");
    }
    assert_ne!(
        lines[1]["new_tokens"], lines[2]["new_tokens"],
        "samples have their own random numbers"
    );
    assert_eq!(result["traces"], 2 * N_PROMPTS);
    assert_eq!(result["prompt_tokens"], n_prompt);
    assert_eq!(result["new_tokens"], n_new);
    assert_eq!(result["limited_share"], n_limited as f64 / (2 * N_PROMPTS) as f64);
    assert_eq!(result["answers"]["total"], 2 * N_PROMPTS);
    assert!(!tiny.path("t.jsonl.partial").exists());
}

#[test]
fn a_trace_depends_on_its_prompt_and_seed_only() {
    let tiny = tiny();
    tiny.succeed(&trace("whole", &["--quiet"]));
    for (out, args) in [("ones", ["--batch", "1"]), ("sevens", ["--batch", "7"])] {
        tiny.succeed(&trace(out, &[&args[..], &["--quiet"]].concat()));
        assert_eq!(bytes(tiny.path(out)), bytes(tiny.path("whole")), "{out}");
    }
    tiny.succeed(&trace("slice", &["--skip", "4", "--limit", "3", "--quiet"]));
    assert_eq!(lines(&tiny, "slice")[1..], lines(&tiny, "whole")[5..8]);
    tiny.succeed(&trace("other", &["--seed", "43", "--quiet"]));
    assert_ne!(lines(&tiny, "other")[1..], lines(&tiny, "whole")[1..]);
}

#[test]
fn given_solutions_are_traces_too() {
    let tiny = tiny();
    let solutions = [
        "trace",
        "model",
        "--prompts",
        "prompts.jsonl",
        "--solutions-field",
        "solution",
    ];
    tiny.succeed(&[&solutions[..], &["-o", "t.jsonl", "--quiet"]].concat());
    let lines = lines(&tiny, "t.jsonl");
    assert_eq!(lines[0]["source"]["kind"], "given");
    assert_eq!(lines[4]["new_tokens"], serde_json::json!([1, 2, 3, 3]));
    assert_eq!(lines[4]["stop"], "end");
    let result = tiny.json(&[&solutions[..], &["-n", "2", "-o", "cut.jsonl", "--json"]].concat());
    assert_eq!(result["new_tokens"], 2 * N_PROMPTS);
    assert_eq!(result["limited_share"], 1.0);
    assert_eq!(result["new_tokens_per_second"], Value::Null);
    let line = tiny.refuse(1, &[&solutions[..5], &["nothing", "-o", "no.jsonl"]].concat());
    assert!(
        line.contains("prompts.jsonl, line 1: it has no field nothing"),
        "{line}"
    );
    assert!(!tiny.path("no.jsonl.partial").exists());
}

#[test]
fn a_run_cut_off_anywhere_goes_on_to_the_same_bytes() {
    let tiny = tiny();
    tiny.succeed(&trace("whole", &["--quiet"]));
    let whole = bytes(tiny.path("whole"));
    for length in [0, 10, 400, 1100, 2000, whole.len() - 1, whole.len()] {
        fs::write(tiny.path("out.partial"), &whole[..length]).expect("it can be written");
        let line = tiny.refuse(1, &trace("out", &[]));
        assert!(line.contains("--resume"), "{line}");
        tiny.succeed(&trace("out", &["--batch", "3", "--resume", "--quiet"]));
        assert!(bytes(tiny.path("out")) == whole, "cut at {length}");
        fs::remove_file(tiny.path("out")).expect("it is there");
    }
    let part = &whole[..2000];
    fs::write(tiny.path("plain.txt"), "w1 w2\nw3\n").expect("it can be written");
    fs::write(tiny.path("out.partial"), part).expect("it can be written");
    for (args, what) in [
        (["--seed", "1"], "setting"),
        (["--temperature", "0.5"], "setting"),
        (["--limit", "19"], "setting"),
        (["--cache", "f32"], "setting"),
        (["--prompts", "plain.txt"], "file of prompts"),
    ] {
        let args = [&["trace", "model", "-n", "9", "-o", "out", "--resume"][..], &args].concat();
        let args = match what {
            "setting" if args.contains(&"--temperature") => [&args[..], &["--prompts", "prompts.jsonl"]].concat(),
            "setting" => [&args[..], &["--prompts", "prompts.jsonl", "--temperature", "1"]].concat(),
            _ => [&args[..], &["--temperature", "1"]].concat(),
        };
        let line = tiny.refuse(1, &args);
        assert!(line.contains(&format!("another {what}")), "{line}");
    }
    tiny.write_model("other", 2, |_, values| {
        values.iter().map(|value| value * 1.01).collect()
    });
    let mut args = trace("out", &["--resume"]);
    args[1] = "other";
    let line = tiny.refuse(1, &args);
    assert!(line.contains("another model"), "{line}");
    assert_eq!(
        bytes(tiny.path("out.partial")),
        part,
        "a refusal leaves unfinished work alone"
    );
}

/// How long a run may take to write its first traces.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn a_killed_run_goes_on_to_the_same_bytes() {
    let tiny = tiny();
    let args = |out| trace(out, &["--samples", "150", "--batch", "2", "--quiet"]);
    tiny.succeed(&args("whole"));
    let mut child: Child = tiny
        .command(&args("out"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let started = Instant::now();
    let length = || fs::metadata(tiny.path("out.partial")).map_or(0, |file| file.len());
    while length() < 3000 {
        assert!(started.elapsed() < PATIENCE, "no trace was written");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().expect("the run can be killed");
    let status = child.wait().expect("the run ends");
    assert!(
        !status.success(),
        "the run was over before it could be killed: make it slower"
    );
    assert!(!tiny.path("out").exists());
    tiny.succeed(&[&args("out")[..], &["--resume"]].concat());
    assert!(bytes(tiny.path("out")) == bytes(tiny.path("whole")));
}

#[test]
fn outputs_are_replaced_only_if_they_are_traces() {
    let tiny = tiny();
    tiny.succeed(&trace("t.jsonl", &["--limit", "2", "--quiet"]));
    let line = tiny.refuse(1, &trace("t.jsonl", &[]));
    assert!(line.contains("--force"), "{line}");
    tiny.succeed(&trace("t.jsonl", &["--limit", "3", "--force", "--quiet"]));
    assert_eq!(lines(&tiny, "t.jsonl").len(), 4);
    let before = bytes(tiny.path("test.txt"));
    let line = tiny.refuse(1, &trace("test.txt", &["--force"]));
    assert!(line.contains("no file of traces"), "{line}");
    let line = tiny.refuse(1, &trace("prompts.jsonl", &["--force"]));
    assert!(line.contains("input of this run"), "{line}");
    assert_eq!(bytes(tiny.path("test.txt")), before);
    let line = tiny.refuse(1, &trace("new.jsonl", &["--resume"]));
    assert!(line.contains("no run to resume"), "{line}");
}

#[test]
fn malformed_prompts_are_named_by_line() {
    let tiny = tiny();
    let refuse = |content: &str, args: &[&str]| {
        fs::write(tiny.path("bad.jsonl"), content).expect("it can be written");
        let line = tiny.refuse(
            1,
            &[&["trace", "model", "--prompts", "bad.jsonl", "-o", "out"], args].concat(),
        );
        assert!(!tiny.path("out").exists() && !tiny.path("out.partial").exists());
        line
    };
    let good = r#"{"question": "w1"}"#;
    let long = format!(r#"{{"question": "{}"}}"#, "w1 ".repeat(65));
    for (content, args, part) in [
        (format!("{good}\n{{\"question\": \"w2\n"), &[][..], "line 2: "),
        (format!("{good}\n\n[1]"), &[], "line 3: "),
        (
            format!("{good}\n{{\"text\": \"w1\"}}"),
            &[],
            "line 2: it has no field question",
        ),
        (
            "{\"text\": \"w1\"}".into(),
            &[],
            "question or problem or prompt or context",
        ),
        (
            format!("{good}\n{{\"question\": [1]}}"),
            &[],
            "line 2: its field question is not a text",
        ),
        (
            format!("{good}\n{{\"question\": \"\"}}"),
            &[],
            "line 2: the prompt cannot be used: the prompt has no tokens",
        ),
        (
            format!("{good}\n{long}"),
            &[],
            "line 2: 65 tokens are more than the 64 positions",
        ),
        (good.into(), &["--field", "text"], "line 1: it has no field text"),
        (
            good.into(),
            &["--answer-field", "answer"],
            "line 1: it has no field answer",
        ),
        (
            good.into(),
            &["--answer-field", "question", "--system", "a"],
            "chat template",
        ),
        (good.into(), &["--skip", "1"], "has 1 prompts, and 1 are to be skipped"),
        ("\n".into(), &[], "has 0 prompts"),
        (good.into(), &["--temperature", "-1"], "temperature"),
    ] {
        let line = refuse(&content, args);
        assert!(line.contains(part), "{part:?} is not in {line:?}");
    }
}

#[test]
fn plain_texts_have_a_prompt_on_every_line() {
    let tiny = tiny();
    fs::write(tiny.path("plain.txt"), "w1 w2\n\nw3\n").expect("it can be written");
    tiny.succeed(&[
        "trace",
        "model",
        "--prompts",
        "plain.txt",
        "-n",
        "3",
        "-o",
        "t",
        "--quiet",
    ]);
    let lines = lines(&tiny, "t");
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[2]["prompt_tokens"], serde_json::json!([3]));
    assert_eq!(lines[2]["prompt"], 1);
}

#[test]
fn answers_are_counted() {
    let tiny = Tiny::new(1);
    let prompts = "{\"question\": \"w1\", \"solution\": \"w3 w14 w5\", \"answer\": \"#### 5\"}\n{\"question\": \"w1\", \"solution\": \"w3\", \"answer\": \"4\"}";
    fs::write(tiny.path("prompts.jsonl"), prompts).expect("it can be written");
    let args = ["--solutions-field", "solution", "--answer-field", "answer", "--json"];
    let result = tiny.json(&[&["trace", "model", "--prompts", "prompts.jsonl", "-o", "t"], &args[..]].concat());
    assert_eq!(result["accuracy"], 0.5);
    assert_eq!(result["answers"]["answered"], 2);
}

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
