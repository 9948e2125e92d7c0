//! Traces that `secateurs trace` makes.

use std::fs;

use crate::tiny::traces::{N_PROMPTS, lines, n_tokens, tiny, trace};
use crate::tiny::{Tiny, bytes};
use serde_json::Value;

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
