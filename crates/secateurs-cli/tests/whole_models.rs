//! A model that is not what its configuration says, or not of numbers, stops every command before anything is written.

mod tiny;

use std::fs;

use serde_json::{Value, json};
use tiny::Tiny;

const CALIBRATION: [&str; 6] = ["-c", "calibration.txt", "--window", "16", "--windows", "4"];

/// Every command that reads a model, each of which would write `out` if it writes anything.
fn commands() -> Vec<Vec<&'static str>> {
    let prune = |method| {
        [
            &["prune", "model", "-q", "-s", "0.5", "-o", "out", "-m", method],
            &CALIBRATION[..],
        ]
        .concat()
    };
    let train = [
        "--train",
        "test.txt",
        "--train-window",
        "32",
        "--batch-size",
        "2",
        "--steps",
        "2",
    ];
    vec![
        ["prune", "model", "-q", "-s", "0.5", "-o", "out", "-m", "magnitude"].to_vec(),
        prune("wanda"),
        prune("sparsegpt"),
        prune("safe"),
        [
            &["prune", "model", "-q", "-s", "0.5", "-o", "out", "-m", "elsa"],
            &train[..],
        ]
        .concat(),
        [&prune("wanda+finetune")[..], &train].concat(),
        vec!["pack", "model", "-q", "-o", "out"],
        vec![
            "eval",
            "model",
            "-q",
            "--text",
            "test.txt",
            "--window",
            "16",
            "--windows",
            "2",
        ],
        vec!["generate", "model", "w1 w2", "-n", "2"],
        vec![
            "trace",
            "model",
            "--prompts",
            "prompts.jsonl",
            "-q",
            "-n",
            "2",
            "-o",
            "out",
        ],
        vec!["bench", "model", "--prompt-tokens", "4", "--new-tokens", "2"],
        vec!["info", "model"],
    ]
}

/// Runs every command on the folder `model`; each must fail, name `what` and leave no output behind.
fn refused_by_all(tiny: &Tiny, what: &str, commands: &[Vec<&str>]) {
    for args in commands {
        let error = tiny.refuse(1, args);
        assert!(error.contains(what), "{args:?}: {error}");
        for out in ["out", "out.partial"] {
            assert!(!tiny.path(out).exists(), "{args:?} left {out}");
        }
    }
}

fn tiny() -> Tiny {
    let tiny = Tiny::new(2);
    fs::write(tiny.path("prompts.jsonl"), "{\"question\": \"w1 w2\"}\n").expect("writable");
    tiny
}

fn remove(tiny: &Tiny) {
    fs::remove_dir_all(tiny.path("model")).expect("it was written");
}

fn edit_config(tiny: &Tiny, edits: &[(&str, Value)]) {
    let path = tiny.path("model/config.json");
    let mut json: Value = serde_json::from_slice(&fs::read(&path).expect("there")).expect("valid");
    edits.iter().for_each(|(field, value)| json[*field] = value.clone());
    fs::write(path, json.to_string()).expect("writable");
}

#[test]
fn weights_that_are_no_numbers_stop_every_command() {
    let tiny = tiny();
    let names = [
        ("model.embed_tokens.weight", f32::INFINITY),
        ("model.norm.weight", f32::NAN),
        ("model.layers.1.post_attention_layernorm.weight", f32::NEG_INFINITY),
        ("model.layers.1.mlp.down_proj.weight", f32::NAN),
    ];
    for (name, bad) in names {
        remove(&tiny);
        tiny.write_model("model", 2, |of, mut values| {
            if of == name {
                let last = values.len() - 1;
                values[last] = bad;
            }
            values
        });
        refused_by_all(&tiny, name, &commands());
        let compare = ["compare", "model", "model"].to_vec();
        refused_by_all(&tiny, name, &[compare]);
    }
}

#[test]
fn models_that_are_others_than_they_say_stop_every_command() {
    let cases: [(&[(&str, Value)], &str); 6] = [
        (&[("num_hidden_layers", json!(1))], "model.layers.1."),
        (&[("num_hidden_layers", json!(3))], "model.layers.2."),
        (&[("head_dim", json!(16))], "self_attn.q_proj.weight"),
        (&[("attention_bias", json!(true))], "attention_bias"),
        (&[("residual_multiplier", json!(0.22))], "residual_multiplier"),
        (&[("tie_word_embeddings", json!(false))], "lm_head.weight"),
    ];
    for (edits, what) in cases {
        let tiny = tiny();
        edit_config(&tiny, edits);
        refused_by_all(&tiny, what, &commands());
    }
}

#[test]
fn mixtures_are_held_to_the_same() {
    let tiny = tiny();
    remove(&tiny);
    tiny.write_mixture("model", "mixtral");
    let commands = [
        ["prune", "model", "-q", "-s", "0.5", "-o", "out", "-m", "magnitude"].to_vec(),
        [
            &["experts", "model", "-q", "--remove", "0.25", "-o", "out"],
            &CALIBRATION[..],
        ]
        .concat(),
        vec![
            "eval",
            "model",
            "-q",
            "--text",
            "test.txt",
            "--window",
            "16",
            "--windows",
            "2",
        ],
        vec!["info", "model"],
    ];
    edit_config(&tiny, &[("num_local_experts", json!(3)), ("num_experts", json!(3))]);
    refused_by_all(&tiny, "block_sparse_moe", &commands);
    edit_config(&tiny, &[("num_local_experts", json!(4)), ("num_experts", json!(5))]);
    refused_by_all(&tiny, "num_experts", &commands);
    edit_config(&tiny, &[("num_experts", json!(4)), ("sliding_window", json!(16))]);
    refused_by_all(&tiny, "sliding_window", &commands);
}
