//! Prompts beside the tiny model, and what `secateurs trace` makes of them.

use std::fs;

use serde_json::Value;

use super::{Tiny, bytes};

/// Prompts in `prompts.jsonl`.
pub const N_PROMPTS: usize = 20;

/// A model, and prompts of different lengths with solutions and answers.
pub fn tiny() -> Tiny {
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

/// The command line that lets the model continue the prompts, and `args`.
pub fn trace<'a>(out: &'a str, args: &[&'a str]) -> Vec<&'a str> {
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
pub fn lines(tiny: &Tiny, name: &str) -> Vec<Value> {
    let text = String::from_utf8(bytes(tiny.path(name))).expect("traces are UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("every line is JSON"))
        .collect()
}

pub fn n_tokens(trace: &Value, field: &str) -> usize {
    trace[field].as_array().expect("a list").len()
}
