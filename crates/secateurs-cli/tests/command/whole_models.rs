//! A model that is not what its configuration says, or not of numbers, stops every command before anything is written.

use std::fs;

use crate::tiny::Tiny;
use secateurs::data::{Checkpoint, CheckpointWriter, FloatType, PlannedTensor};
use serde_json::{Value, json};

const CALIBRATION: [&str; 6] = ["-c", "calibration.txt", "--window", "16", "--windows", "4"];

/// Every command that reads a model; one that writes would write `out`.
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

/// Copies `model` to `out` with the matrix of the tokens under these names, each multiplied by its factor. Its configuration
/// still says that the output matrix is the embedding.
fn write_heads(tiny: &Tiny, out: &str, heads: &[(&str, f32)]) {
    const EMBEDDING: &str = "model.embed_tokens.weight";
    let source = Checkpoint::open(&tiny.path("model")).expect("a model");
    let mut tensors = Vec::new();
    for tensor in source.tensors() {
        let values = source.read_f32(&tensor.name).expect("there");
        let names = if tensor.name == EMBEDDING {
            heads
        } else {
            &[(tensor.name.as_str(), 1.0)]
        };
        for (name, factor) in names {
            let planned = PlannedTensor {
                name: (*name).to_owned(),
                shape: tensor.shape.clone(),
            };
            tensors.push((planned, values.iter().map(|value| value * factor).collect::<Vec<f32>>()));
        }
    }
    let plan = tensors.iter().map(|(planned, _)| planned.clone()).collect();
    let writer = CheckpointWriter::create(&tiny.path("staging"), plan, FloatType::F32).expect("the plan is valid");
    tensors
        .iter()
        .for_each(|(planned, values)| writer.write(&planned.name, values).expect("planned"));
    writer.copy_metadata(&source).expect("writable");
    writer.finish(&tiny.path(out)).expect("everything is written");
}

#[test]
fn an_output_matrix_of_its_own_stays_one_and_a_lone_one_is_the_embedding() {
    let tiny = tiny();
    let (embedding, head) = ("model.embed_tokens.weight", "lm_head.weight");
    write_heads(&tiny, "own", &[(embedding, 1.0), (head, -2.0)]);
    write_heads(&tiny, "equal", &[(embedding, 1.0), (head, 1.0)]);
    write_heads(&tiny, "lone", &[(head, 1.0)]);
    let perplexity = |model: &str| {
        let args = [
            "eval",
            model,
            "--text",
            "test.txt",
            "--window",
            "16",
            "--windows",
            "2",
            "--json",
        ];
        tiny.json(&args)["perplexity"].as_f64().expect("a number")
    };
    let tied = perplexity("model");
    for (model, is_tied) in [("own", false), ("equal", true), ("lone", true)] {
        let right = perplexity(model);
        assert_eq!(right == tied, is_tied, "{model}: {right} {tied}");
        let (pruned, packed) = (format!("{model}-pruned"), format!("{model}-packed"));
        tiny.run(&[
            "prune",
            model,
            "-q",
            "-m",
            "magnitude",
            "-s",
            "0",
            "--dtype",
            "f32",
            "-o",
            &pruned,
        ]);
        tiny.run(&["pack", model, "-q", "--values", "f32", "--head", "f32", "-o", &packed]);
        for made in [&pruned, &packed] {
            assert!((perplexity(made) / right - 1.0).abs() < 1e-5, "{made}");
            let checkpoint = Checkpoint::open(&tiny.path(made)).expect("a model");
            assert_eq!(checkpoint.config()["tie_word_embeddings"], is_tied, "{made}");
            assert_eq!(checkpoint.tensor(head).is_err(), is_tied, "{made}");
        }
    }
}
