//! Mixtures of experts in every command.

use crate::tiny::{CALIBRATION, Tiny, calibration_of};
use secateurs::data::Checkpoint;

const FAMILIES: [&str; 2] = ["mixtral", "olmoe"];
#[test]
fn half_of_every_expert_is_pruned_and_no_gate() {
    let tiny = Tiny::new(1);
    for family in FAMILIES {
        tiny.write_mixture(family, family);
        for method in ["magnitude", "wanda", "sparsegpt"] {
            let out = format!("{family}-{method}");
            let args = ["prune", family, "-m", method, "-s", "0.5", "-o", &out, "--json"];
            let result = tiny.json(&[&args[..], calibration_of(method)].concat());
            assert_eq!(result["sparsity"], 0.5, "{out}");
            let pruned = Checkpoint::open(&tiny.path(&out)).expect("the output is a model");
            assert_eq!(pruned.config()["model_type"], family);
            let mut n_pruned = 0;
            for tensor in pruned.tensors() {
                let values = pruned.read_f32(&tensor.name).expect("the tensor is there");
                let n_zeros = values.iter().filter(|value| **value == 0.0).count();
                let is_pruned = tensor.name.contains("_proj") || tensor.name.contains(".experts.");
                assert_eq!(
                    n_zeros,
                    if is_pruned { values.len() / 2 } else { 0 },
                    "{out}: {}",
                    tensor.name
                );
                n_pruned += usize::from(is_pruned);
            }
            assert_eq!(n_pruned, 2 * (4 + 4 * 3), "{out}");
            let evaluated = tiny.json(&["eval", &out, "--text", "test.txt", "--window", "32", "--json"]);
            assert!(
                evaluated["perplexity"].as_f64().is_some_and(|value| value > 1.0),
                "{out}"
            );
        }
    }
}

#[test]
fn a_mixture_is_described() {
    let tiny = Tiny::new(1);
    for family in FAMILIES {
        tiny.write_mixture(family, family);
        let text = tiny.succeed(&["info", family]);
        assert!(text.contains("4 experts of 48 (SwiGLU), 2 per token"), "{text}");
        assert!(!text.contains("gate.weight"), "{text}");
    }
}

#[test]
fn rules_call_experts_the_same_in_all_families() {
    let tiny = Tiny::new(1);
    for family in FAMILIES {
        tiny.write_mixture(family, family);
        let args = [
            "prune",
            family,
            "-m",
            "magnitude",
            "-s",
            "0.5",
            "-o",
            "out",
            "--dry-run",
            "--json",
        ];
        let all = tiny.json(&args);
        assert_eq!(all["plan"]["blocks"][1]["layers"], 4 + 4 * 3, "{all}");
        let experts = tiny.json(&[&args[..], &["--include", "*.moe.experts.*"]].concat());
        assert_eq!(experts["plan"]["blocks"][1]["layers"], 4 * 3, "{experts}");
    }
}

#[test]
fn what_needs_a_dense_model_says_so() {
    let tiny = Tiny::new(1);
    tiny.write_mixture("mixture", "mixtral");
    for args in [
        &["pack", "mixture", "-o", "packed"][..],
        &["generate", "mixture", "w1 w2"],
        &["bench", "mixture"],
    ] {
        let error = tiny.refuse(1, args);
        assert!(
            error.contains("a mixture of 4 experts (model_type \"mixtral\")"),
            "{error}"
        );
        assert!(error.contains("pruning and perplexity work"), "{error}");
    }
}

#[test]
fn experts_go_by_every_method_and_the_rest_stays() {
    let tiny = Tiny::new(1);
    for (family, count, mixture) in [
        ("mixtral", "num_local_experts", "block_sparse_moe"),
        ("olmoe", "num_experts", "mlp"),
    ] {
        tiny.write_mixture(family, family);
        let before = Checkpoint::open(&tiny.path(family)).expect("the model is there");
        for method in ["random", "frequency", "gate-mass", "ean", "reap", "naee", "hc-smoe"] {
            let out = format!("{family}-{method}");
            let args = ["experts", family, "-m", method, "--remove", "50%", "-o", &out, "--json"];
            let result = tiny.json(&[&args[..], &CALIBRATION].concat());
            assert_eq!(
                (&result["n_experts_before"], &result["n_experts"]),
                (&4.into(), &2.into()),
                "{out}"
            );
            let after = Checkpoint::open(&tiny.path(&out)).expect("the output is a model");
            assert_eq!(after.config()[count], 2, "{out}");
            assert_eq!(after.config()["num_experts_per_tok"], 2);
            for (block, report) in result["blocks"].as_array().expect("a list").iter().enumerate() {
                let kept: Vec<u64> = report["kept"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|e| e.as_u64())
                    .collect();
                assert_eq!(kept.len(), 2, "{out}");
                if method == "hc-smoe" {
                    continue; // its experts are means of some before
                }
                for (new, old) in kept.iter().enumerate() {
                    let name = |expert: u64| {
                        let linear = if family == "mixtral" { "w2" } else { "down_proj" };
                        format!("model.layers.{block}.{mixture}.experts.{expert}.{linear}.weight")
                    };
                    assert_eq!(
                        after.read_f32(&name(new as u64)).unwrap(),
                        before.read_f32(&name(*old)).unwrap(),
                        "{out}"
                    );
                }
                let gate = format!("model.layers.{block}.{mixture}.gate.weight");
                let (all, left) = (before.read_f32(&gate).unwrap(), after.read_f32(&gate).unwrap());
                let d_model = all.len() / 4;
                let expected: Vec<f32> = kept
                    .iter()
                    .flat_map(|old| all[*old as usize * d_model..][..d_model].to_vec())
                    .collect();
                assert_eq!(left, expected, "{out}: rows of the gate");
            }
            let evaluated = tiny.json(&["eval", &out, "--text", "test.txt", "--window", "32", "--json"]);
            assert!(
                evaluated["perplexity"].as_f64().is_some_and(|value| value > 1.0),
                "{out}"
            );
        }
    }
}

#[test]
fn weights_of_all_experts_go_where_no_expert_does() {
    let tiny = Tiny::new(1);
    tiny.write_mixture("mixture", "mixtral");
    let args = [
        "experts",
        "mixture",
        "-m",
        "moe-pruner",
        "--remove",
        "0.5",
        "-o",
        "out",
        "--json",
    ];
    let result = tiny.json(&[&args[..], &CALIBRATION].concat());
    assert_eq!(result["n_experts"], 4);
    let pruned = Checkpoint::open(&tiny.path("out")).expect("the output is a model");
    for tensor in pruned.tensors() {
        let values = pruned.read_f32(&tensor.name).expect("the tensor is there");
        let n_zeros = values.iter().filter(|value| **value == 0.0).count();
        let expected = if tensor.name.contains(".experts.") {
            values.len() / 2
        } else {
            0
        };
        assert_eq!(n_zeros, expected, "{}", tensor.name);
    }
}

#[test]
fn experts_that_cannot_go_stay_with_a_reason() {
    let tiny = Tiny::new(1);
    tiny.write_mixture("mixture", "mixtral");
    let refuse = |code, args: &[&str]| tiny.refuse(code, &[args, &CALIBRATION].concat());
    let error = refuse(1, &["experts", "mixture", "--remove", "75%", "-o", "out"]);
    assert!(
        error.contains("3 of 4 experts cannot be removed: every token needs 2"),
        "{error}"
    );
    let error = refuse(2, &["experts", "mixture", "--remove", "1.5", "-o", "out"]);
    assert!(error.contains("1.5"), "{error}");
    let error = refuse(2, &["experts", "mixture", "-m", "mone", "--remove", "0.5", "-o", "out"]);
    assert!(error.contains("reap"), "{error}");
    let error = refuse(
        2,
        &["experts", "mixture", "--remove", "0.5", "--seed", "7", "-o", "out"],
    );
    assert!(error.contains("reap does not use --seed"), "{error}");
    let error = refuse(1, &["experts", "model", "--remove", "0.5", "-o", "out"]);
    assert!(error.contains("no mixture of experts"), "{error}");
    assert!(!tiny.path("out").exists() && !tiny.path("out.partial").exists());
    tiny.succeed(
        &[
            &["experts", "mixture", "--remove", "0.25", "-o", "out"],
            &CALIBRATION[..],
        ]
        .concat(),
    );
    let error = refuse(1, &["experts", "mixture", "--remove", "0.25", "-o", "out"]);
    assert!(error.contains("out"), "{error}");
    let text = tiny.succeed(
        &[
            &["experts", "mixture", "--remove", "0.5", "-o", "out", "--force"],
            &CALIBRATION[..],
        ]
        .concat(),
    );
    assert!(text.contains("2 of 4 experts"), "{text}");
}
