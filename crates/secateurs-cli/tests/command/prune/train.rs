//! Methods that train: their results, their refusals, and killed runs that go on with the same bits.

use crate::tiny::{CALIBRATION, Tiny, bytes, calibration_of};
use secateurs::data::Checkpoint;
use serde_json::Value;

/// The tiny texts have 400 and 330 words: twelve and ten windows of 32.
const TRAINING: [&str; 10] = [
    "--train",
    "calibration.txt",
    "--train",
    "test.txt",
    "--train-window",
    "32",
    "--batch-size",
    "2",
    "--learning-rate",
    "0.01",
];

/// The arguments of a training, with a penalty where the method has one.
fn train<'a>(args: &[&'a str]) -> Vec<&'a str> {
    let is_elsa = args.iter().any(|arg| arg.starts_with("elsa"));
    let penalty = if is_elsa { &["--lambda", "0.3"][..] } else { &[] };
    [&["prune", "model"], args, &TRAINING, penalty].concat()
}

/// The interval of a method that makes sparse copies.
fn interval<'a>(method: &str, steps: &'a str) -> Vec<&'a str> {
    let is_elsa = method.starts_with("elsa");
    if is_elsa { vec!["--interval", steps] } else { Vec::new() }
}

fn json(tiny: &Tiny, path: &str) -> Value {
    serde_json::from_slice(&bytes(tiny.path(path))).expect("it is JSON")
}

#[test]
fn every_training_method_prunes_exactly_and_leaves_the_rest_dense() {
    let tiny = Tiny::new(2);
    let dense = Checkpoint::open(&tiny.path("model")).expect("a model");
    for method in ["elsa", "elsa-l", "wanda+finetune", "random+finetune"] {
        for (pattern, share) in [(&["-s", "0.75", "--seed", "1"][..], 0.75), (&["-p", "2:4"], 0.5)] {
            let args = [
                &["-m", method, "--steps", "6", "-o", "out", "--force", "--json"],
                &interval(method, "2")[..],
                pattern,
            ]
            .concat();
            let result = tiny.json(&[&train(&args)[..], calibration_of(method)].concat());
            assert_eq!(
                (&result["sparsity"], &result["requested_sparsity"]),
                (&share.into(), &share.into()),
                "{method}"
            );
            let pruned = Checkpoint::open(&tiny.path("out")).expect("a model");
            let names: Vec<String> = pruned.tensors().map(|tensor| tensor.name.clone()).collect();
            for name in names {
                let values = pruned.read_f32(&name).expect("it is there");
                let n_zeros = values.iter().filter(|value| **value == 0.0).count();
                let expected = if name.contains("_proj") {
                    share * values.len() as f64
                } else {
                    0.0
                };
                assert_eq!(n_zeros as f64, expected, "{method}: {name}");
                assert_ne!(
                    values,
                    dense.read_f32(&name).expect("it is there"),
                    "{method}: {name} was not trained"
                );
            }
            let log = json(&tiny, "out/training.json");
            assert_eq!(log["tokens"], 6 * 2 * 32);
            assert_eq!(log["steps"].as_array().map(Vec::len), Some(6));
        }
    }
}

#[test]
fn safe_trains_blocks_on_the_calibration_text() {
    let tiny = Tiny::new(2);
    std::fs::write(
        tiny.path("safe.toml"),
        "method = 'safe'\nsparsity = 0.75\n[options.safe]\nepochs = 4\nwarmup-epochs = 1\nbatch-size = 2\ninterval = 2\n",
    )
    .expect("written");
    let result = tiny.json(
        &[
            &["prune", "model", "-r", "safe.toml", "-o", "out", "--json"][..],
            &CALIBRATION,
        ]
        .concat(),
    );
    assert_eq!(result["sparsity"], 0.75);
    let (dense, pruned) = ["model", "out"]
        .map(|name| Checkpoint::open(&tiny.path(name)).expect("a model"))
        .into();
    let values = |checkpoint: &Checkpoint, name: &str| checkpoint.read_f32(name).expect("it is there");
    let norm = "model.layers.1.input_layernorm.weight";
    assert_ne!(values(&dense, norm), values(&pruned, norm));
    let embedding = "model.embed_tokens.weight";
    assert_eq!(values(&dense, embedding), values(&pruned, embedding));
}

#[test]
fn validation_is_followed_and_changes_nothing() {
    let tiny = Tiny::new(1);
    let args = |out| train(&["-m", "elsa", "-s", "0.5", "--steps", "8", "--interval", "2", "-o", out]);
    tiny.succeed(&args("plain"));
    tiny.succeed(&[&args("followed")[..], &["--validation", "test.txt", "--recompute"]].concat());
    // Recomputed activations sum gradients in another order.
    let losses = json(&tiny, "followed/training.json")["sparse_losses"].clone();
    let losses = losses.as_array().expect("a list");
    assert_eq!(losses.len(), 8);
    assert!(
        losses
            .iter()
            .all(|at| at["loss"].as_f64().is_some_and(|loss| loss > 0.0))
    );
    let read = |name: &str| {
        let checkpoint = Checkpoint::open(&tiny.path(name)).expect("a model");
        checkpoint
            .read_f32("model.layers.0.mlp.up_proj.weight")
            .expect("it is there")
    };
    let (plain, followed) = (read("plain"), read("followed"));
    let off = plain.iter().zip(&followed).filter(|(a, b)| (*a - *b).abs() > 1e-3);
    assert!(off.count() < plain.len() / 100);
}

#[test]
fn a_killed_training_goes_on_to_the_same_bytes() {
    for method in ["elsa", "elsa-l", "wanda+finetune"] {
        let tiny = Tiny::new(3);
        let args = |steps, out| {
            let own = [
                "-m",
                method,
                "-s",
                "0.6",
                "--steps",
                steps,
                "--passes",
                "99",
                "--checkpoint-every",
                "2",
            ];
            let own = [&own[..], &interval(method, "3"), &["-o", out]].concat();
            [&train(&own)[..], calibration_of(method)].concat()
        };
        tiny.succeed(&args("90", "whole"));
        let mut running = tiny.start(&args("90", "out"));
        running.wait_until(|| tiny.steps_kept() >= 4);
        running.kill();
        assert!(!tiny.path("out").exists());

        let line = tiny.refuse(1, &args("90", "out"));
        assert!(line.contains("--resume"), "{line}");
        let line = tiny.refuse(1, &[&args("91", "out")[..], &["--resume"]].concat());
        assert!(line.contains("recipe"), "{line}");
        tiny.succeed(&[&args("90", "out")[..], &["--resume"]].concat());
        let model = |folder: &str| bytes(tiny.path(&format!("{folder}/model.safetensors")));
        assert!(model("out") == model("whole"), "{method}");
        assert!(!tiny.path("out.partial").exists());
        let (whole, out) = (json(&tiny, "whole/training.json"), json(&tiny, "out/training.json"));
        assert_eq!(whole["steps"], out["steps"], "{method}");
    }
}

#[test]
fn a_spoilt_checkpoint_is_refused_and_kept() {
    let tiny = Tiny::new(1);
    let args = train(&[
        "-m",
        "elsa",
        "-s",
        "0.5",
        "--steps",
        "500",
        "--passes",
        "99",
        "--checkpoint-every",
        "2",
        "-o",
        "out",
    ]);
    let mut running = tiny.start(&args);
    running.wait_until(|| tiny.steps_kept() >= 2);
    running.kill();
    let state = tiny.path(&format!("out.partial/state-{}.safetensors", tiny.steps_kept()));
    let good = bytes(&state);
    let resume = [&args[..], &["--resume"]].concat();
    std::fs::write(&state, &good[..good.len() - 100]).expect("written");
    let line = tiny.refuse(1, &resume);
    assert!(line.contains("state-"), "{line}");
    assert!(state.exists());
    let journal = tiny.path("out.partial/journal.json");
    let text = std::fs::read_to_string(&journal).expect("read");
    std::fs::write(&journal, text.replacen("\"version\":1", "\"version\":0", 1)).expect("written");
    let line = tiny.refuse(1, &resume);
    assert!(line.contains("version"), "{line}");
    std::fs::write(&journal, "{").expect("written");
    let line = tiny.refuse(1, &resume);
    assert!(line.contains("journal"), "{line}");
    assert!(state.exists());
}

#[test]
fn what_makes_no_sense_is_refused_and_leaves_nothing() {
    let tiny = Tiny::new(1);
    let refuse = |code, args: &[&str]| {
        let line = tiny.refuse(code, &[&["prune", "model", "-s", "0.5", "-o", "out"], args].concat());
        assert!(
            !tiny.path("out").exists() && !tiny.path("out.partial").exists(),
            "{args:?}"
        );
        line
    };
    let says = |line: String, part: &str| assert!(line.contains(part), "{part:?} is not in {line:?}");
    says(refuse(1, &["-m", "elsa"]), "training text");
    says(refuse(1, &["-m", "elsa", "--train", "missing.txt"]), "missing.txt");
    let few = [
        "-m",
        "elsa",
        "--train",
        "test.txt",
        "--train-window",
        "32",
        "--steps",
        "6",
        "--batch-size",
        "2",
    ];
    says(refuse(1, &few), "2 of the 12");
    says(refuse(2, &[&few[..], &["--owl"]].concat()), "--scope");
    says(
        refuse(
            1,
            &[
                "-m",
                "elsa",
                "--train",
                "test.txt",
                "--train-window",
                "65",
                "--steps",
                "1",
            ],
        ),
        "64 positions",
    );
    for (flag, bad) in [
        ("--lambda", "0"),
        ("--lambda", "nan"),
        ("--learning-rate", "-1"),
        ("--steps", "0"),
        ("--metric", "x"),
    ] {
        says(refuse(2, &["-m", "elsa", "--train", "test.txt", flag, bad]), flag);
    }
    says(refuse(2, &["-m", "magnitude", "--scope", "global"]), "elsa");
    let args = [&["prune", "model", "-p", "3:5", "-o", "out", "--passes", "2"], &few[..]].concat();
    says(tiny.refuse(1, &args), "model.layers.0");
}

#[test]
fn a_training_that_diverges_says_when_and_leaves_nothing() {
    let tiny = Tiny::new(1);
    let args = train(&[
        "-m",
        "elsa",
        "-s",
        "0.5",
        "--steps",
        "8",
        "-o",
        "out",
        "--learning-rate",
        "1e30",
    ]);
    // The last of two flags would be an error, so the first one goes.
    let at = args.iter().position(|arg| *arg == "0.01").expect("it is there");
    let args: Vec<&str> = args
        .iter()
        .enumerate()
        .filter(|(i, _)| *i != at && *i != at - 1)
        .map(|(_, arg)| *arg)
        .collect();
    let line = tiny.refuse(1, &args);
    assert!(line.contains("step "), "{line}");
    assert!(!tiny.path("out").exists() && !tiny.path("out.partial").exists());
}
