//! What the commands make of mixtures of experts.

mod tiny;

use secateurs::data::Checkpoint;
use tiny::Tiny;

const FAMILIES: [&str; 2] = ["mixtral", "olmoe"];
const CALIBRATION: [&str; 6] = ["-c", "calibration.txt", "--window", "32", "--windows", "4"];

#[test]
fn half_of_every_expert_is_pruned_and_no_gate() {
    let tiny = Tiny::new(1);
    for family in FAMILIES {
        tiny.write_mixture(family, family);
        for method in ["magnitude", "wanda", "sparsegpt"] {
            let out = format!("{family}-{method}");
            let args = ["prune", family, "-m", method, "-s", "0.5", "-o", &out, "--json"];
            let result = tiny.json(&[&args[..], &CALIBRATION].concat());
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
        assert!(text.contains("4 experts of SwiGLU 48, 2 of them for a token"), "{text}");
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
