//! Output of `info`, `eval`, `compare`, `completions` and `--help`.

use crate::tiny::Tiny;

/// `value` lies within `slack` of `expected`.
fn is_near(value: &serde_json::Value, expected: f64, slack: f64) -> bool {
    value.as_f64().is_some_and(|value| (value - expected).abs() <= slack)
}

#[test]
fn info_describes_a_model() {
    let tiny = Tiny::new(2);
    let info = tiny.json(&["info", "model", "--json"]);
    let block = 2 * 32 * 32 + 2 * 16 * 32 + 3 * 48 * 32 + 2 * 32;
    assert_eq!(info["parameters"], 64 * 32 + 2 * block + 32);
    assert_eq!(info["blocks"], 2);
    assert_eq!(info["sparsity"], 0.0);
    assert_eq!(info["linears"].as_array().map(Vec::len), Some(14));
    let page = tiny.succeed(&["info", "model"]);
    for part in [
        "model.layers.*.mlp.down_proj.weight",
        "32 x 48",
        "4 query, 2 key-value",
        "F32",
    ] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
}

#[test]
fn eval_measures_all_windows_or_the_first() {
    let tiny = Tiny::new(2);
    tiny.succeed(&["prune", "model", "-m", "magnitude", "-s", "0.25", "-o", "pruned"]);
    let all = tiny.json(&["eval", "pruned", "--text", "test.txt", "--window", "32", "--json"]);
    assert_eq!(all["windows"], 10); // 330 tokens, the last 10 fill no window
    assert_eq!(all["tokens"], 320);
    assert_eq!(all["sparsity"], 0.25);
    for field in ["perplexity", "tokens_per_second", "seconds"] {
        assert!(all[field].as_f64().is_some_and(|value| value > 0.0), "{field}: {all}");
    }
    assert!(all.get("peak_rss_bytes").is_some());

    let first = [
        "eval",
        "pruned",
        "--text",
        "test.txt",
        "--window",
        "32",
        "--windows",
        "3",
        "--json",
    ];
    let (one, two) = (tiny.json(&first), tiny.json(&first));
    assert_eq!(one["windows"], 3);
    assert_eq!(one["perplexity"], two["perplexity"], "a measurement can be repeated");
    let page = tiny.succeed(&["eval", "pruned", "--text", "test.txt", "--window", "32"]);
    assert!(
        page.contains("25.00%") && page.contains("10 windows of 32 tokens"),
        "{page}"
    );
}

#[test]
fn a_model_of_zeros_is_as_good_as_guessing() {
    let tiny = Tiny::new(1);
    tiny.write_model("zeros", 1, |name, values| {
        if name.contains("embed") {
            vec![0.0; values.len()]
        } else {
            values
        }
    });
    let result = tiny.json(&["eval", "zeros", "--text", "test.txt", "--window", "32", "--json"]);
    assert!(is_near(&result["perplexity"], 64.0, 0.01), "{result}");
}

#[test]
fn compare_tells_models_apart() {
    let tiny = Tiny::new(2);
    tiny.succeed(&["prune", "model", "-m", "magnitude", "-s", "0.5", "-o", "pruned"]);
    let same = tiny.json(&["compare", "model", "model", "--json"]);
    assert_eq!(same["total"]["identical"], same["total"]["tensors"]);
    assert_eq!(same["total"]["largest_relative_distance"], 0.0);
    let different = tiny.json(&["compare", "model", "pruned", "--json"]);
    assert_eq!(different["total"]["tensors"], 20);
    assert_eq!(different["total"]["identical"], 6);
    let q_proj = &different["tensors"]
        .as_array()
        .expect("there are tensors")
        .iter()
        .find(|tensor| tensor["name"] == "model.layers.0.self_attn.q_proj.weight")
        .expect("q_proj is in both");
    assert_eq!(q_proj["sparsity"], serde_json::json!([0.0, 0.5]));
    assert_eq!(q_proj["mask_difference"], 0.5);
    let page = tiny.succeed(&["compare", "model", "pruned"]);
    assert!(
        page.contains("model.layers.*.self_attn.q_proj.weight") && page.contains("all tensors"),
        "{page}"
    );
}

#[test]
fn shells_get_completions() {
    let tiny = Tiny::new(1);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = tiny.succeed(&["completions", shell]);
        assert!(
            script.contains("sparsegpt") || shell == "elvish" || shell == "powershell",
            "{shell}"
        );
        assert!(script.contains("prune"), "{shell}");
    }
}

#[test]
fn help_teaches_by_examples() {
    let tiny = Tiny::new(1);
    for command in ["info", "prune", "eval", "compare", "completions"] {
        for flag in ["--help", "-h"] {
            let page = tiny.succeed(&[command, flag]);
            assert!(
                page.contains("Example") && page.contains("secateurs "),
                "{command}: {page}"
            );
        }
    }
    let page = tiny.succeed(&["--help"]);
    assert!(page.contains("Exit codes:") && page.contains("70"), "{page}");
    assert!(tiny.succeed(&["--version"]).starts_with("secateurs "));
}

#[test]
fn a_device_that_is_not_compiled_in_is_named() {
    if cfg!(feature = "cuda") {
        return;
    }
    let tiny = Tiny::new(1);
    let line = tiny.refuse(
        2,
        &[
            "eval", "model", "--text", "test.txt", "--window", "32", "--device", "cuda",
        ],
    );
    assert!(line.contains("cuda") && line.contains("flex"), "{line}");
}
