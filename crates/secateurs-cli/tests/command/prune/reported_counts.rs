//! The law of all reports: they count the zeros in the file.

use std::collections::BTreeMap;
use std::path::Path;

use crate::tiny::Tiny;
use secateurs::data::{Checkpoint, FloatType};
use secateurs::tensor::{Pattern, Report};
use secateurs::{Calibration, Method, Overwrite, PruneJob, Recipe, TextCalibration, Training, prune_checkpoint};
use serde_json::Value;

const PATTERNS: [&str; 3] = ["30%", "1:4", "2:4"];
const DTYPES: [FloatType; 3] = [FloatType::F32, FloatType::F16, FloatType::Bf16];

/// Half of some layers is zero before, of both signs; others hold values that no 16-bit format has.
fn spoil(name: &str, mut values: Vec<f32>) -> Vec<f32> {
    for (index, value) in values.iter_mut().enumerate() {
        if name.contains("q_proj") || name.contains("down_proj") {
            *value = [*value, 0.0, *value, -0.0][index % 4];
        } else if name.contains("v_proj") {
            *value *= [1e-7, 1.0, 1e-45, -1e-43][index % 4];
        }
    }
    values
}

fn tiny() -> Tiny {
    let tiny = Tiny::new(2);
    tiny.write_model("spoilt", 2, spoil);
    tiny
}

fn recipe(tiny: &Tiny, method: Method, pattern: Pattern, dtype: FloatType) -> Recipe {
    let mut recipe = Recipe::new(method, pattern);
    recipe.dtype = dtype;
    let calibration = || {
        Calibration::Text(TextCalibration {
            text: tiny.path("calibration.txt"),
            window: 16,
            windows: 2,
            skip: 0,
        })
    };
    recipe.calibration = method.needs_calibration().then(calibration);
    recipe.options.iterations = matches!(method, Method::LAdmm | Method::Alps).then_some(16);
    recipe.options.safe = (method == Method::Safe).then(|| secateurs::prune::Safe {
        epochs: 2,
        warmup_epochs: 0,
        ..Default::default()
    });
    recipe.training = method.trains_model().then(|| Training {
        texts: vec![tiny.path("calibration.txt")],
        window: Some(16),
        batch_size: Some(2),
        steps: Some(2),
        interval: matches!(method, Method::Elsa | Method::ElsaL).then_some(1),
        ..Training::default()
    });
    recipe
}

fn zeros_of(checkpoint: &Checkpoint, name: &str) -> usize {
    let values = checkpoint.read_f32(name).expect("the tensor is there");
    values.iter().filter(|value| **value == 0.0).count()
}

fn check(report: &Report, out: &Path, case: &str) {
    let checkpoint = Checkpoint::open(out).expect("the output is a model");
    let stored: Report =
        serde_json::from_slice(&crate::tiny::bytes(out.join("report.json"))).expect("the report is JSON");
    let counts = |report: &Report| -> Vec<(String, usize, usize)> {
        let layers = report.layers.iter();
        layers
            .map(|layer| (layer.path.clone(), layer.requested_pruned, layer.pruned))
            .collect()
    };
    assert_eq!(
        (counts(&stored), &stored.notes),
        (counts(report), &report.notes),
        "{case}"
    );
    assert_eq!(report.layers.len(), 14, "{case}");
    let (mut zeros, mut weights) = (0, 0);
    for layer in &report.layers {
        let counted = zeros_of(&checkpoint, &layer.path);
        assert_eq!(layer.pruned, counted, "{case}: {}", layer.path);
        assert!(counted >= layer.requested_pruned, "{case}: {}", layer.path);
        zeros += counted;
        weights += layer.n_weights();
    }
    assert_eq!(report.sparsity(), zeros as f64 / weights as f64, "{case}");
    let info = secateurs::info(&checkpoint).expect("the output is a model");
    assert_eq!(report.sparsity(), info.sparsity, "{case}");
    let surplus = report.layers.iter().any(|layer| layer.pruned > layer.requested_pruned);
    let is_noted = |part: &str| report.notes.iter().any(|note| note.contains(part));
    assert_eq!(surplus, is_noted("beyond the request"), "{case}: {:?}", report.notes);
}

#[test]
fn reports_count_what_lies_in_the_file() {
    let tiny = tiny();
    let device = Default::default();
    let out = tiny.path("out");
    for method in Method::ALL {
        for pattern in PATTERNS.map(|pattern| pattern.parse::<Pattern>().expect("a pattern")) {
            for dtype in DTYPES {
                let recipe = recipe(&tiny, method, pattern, dtype);
                let job = PruneJob {
                    model: &tiny.path("spoilt"),
                    out: &out,
                    recipe: &recipe,
                    overwrite: Overwrite::Force,
                    device: &device,
                };
                let case = format!("{method} {pattern} {dtype}");
                let outcome = prune_checkpoint(&job, &mut |_| ()).unwrap_or_else(|error| panic!("{case}: {error}"));
                check(&outcome.report, &out, &case);
                assert_eq!(outcome.report.requested_sparsity(), pattern.sparsity(), "{case}");
                let config: Value = serde_json::from_slice(&crate::tiny::bytes(out.join("config.json"))).expect("JSON");
                assert_eq!(config["torch_dtype"], dtype.torch_name(), "{case}");
            }
        }
    }
}

/// A third of 32 or 48 inputs is no whole number: every output keeps more.
#[test]
fn rounding_of_every_output_is_told() {
    let tiny = Tiny::new(1);
    let result = tiny.json(&[
        "prune",
        "model",
        "-m",
        "random",
        "--scope",
        "per-output",
        "-s",
        "0.33",
        "-o",
        "out",
        "--json",
    ]);
    assert_eq!(result["requested_sparsity"], 0.33);
    let expected = (10.0 * (32.0 + 16.0 + 16.0 + 32.0 + 48.0 + 48.0) + 15.0 * 32.0) / (3072.0 + 3.0 * 1536.0);
    assert_eq!(result["sparsity"].as_f64(), Some(expected));
    assert!(
        result["notes"][0]
            .as_str()
            .is_some_and(|note| note.contains("rounded down")),
        "{result}"
    );
    let table = tiny.succeed(&[
        "prune",
        "model",
        "-m",
        "random",
        "--scope",
        "per-output",
        "-s",
        "0.33",
        "-o",
        "out",
        "--force",
    ]);
    assert!(table.contains("33.00%") && table.contains("31.25%"), "{table}");
    let global = [
        "prune",
        "model",
        "-m",
        "elsa",
        "--scope",
        "global",
        "-s",
        "0.33",
        "--train",
        "calibration.txt",
    ];
    let size = [
        "--steps",
        "2",
        "--train-window",
        "16",
        "--batch-size",
        "2",
        "-o",
        "global",
        "--json",
    ];
    let result = tiny.json(&[&global[..], &size].concat());
    let [asked, got] = ["requested_sparsity", "sparsity"].map(|field| result[field].as_f64().expect("a number"));
    assert!((asked - 0.33).abs() < 1e-3 && (got - asked).abs() < 1e-12, "{result}");
}

#[test]
fn packed_models_count_what_rounding_made_zero() {
    let tiny = tiny();
    for values in ["f32", "f16", "bf16", "int8", "int4"] {
        let result = tiny.json(&["pack", "spoilt", "--values", values, "-o", values, "--json"]);
        tiny.succeed(&[
            "pack",
            values,
            "--format",
            "dense",
            "--values",
            "f32",
            "--quiet",
            "-o",
            &format!("{values}-dense"),
        ]);
        let dense = Checkpoint::open(&tiny.path(&format!("{values}-dense"))).expect("a model");
        let said: BTreeMap<&str, f64> = result["tensors"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|tensor| {
                (
                    tensor["name"].as_str().expect("a name"),
                    tensor["sparsity"].as_f64().expect("a number"),
                )
            })
            .collect();
        assert_eq!(said.len(), 15);
        for (name, sparsity) in said {
            let n: usize = dense.tensor(name).expect("there").shape.iter().product();
            assert_eq!(sparsity, zeros_of(&dense, name) as f64 / n as f64, "{values}: {name}");
        }
        let info = tiny.json(&["info", values, "--json"]);
        assert_eq!(
            info["sparsity"],
            tiny.json(&["info", &format!("{values}-dense"), "--json"])["sparsity"]
        );
    }
}

#[test]
fn experts_count_their_zeros_and_say_their_number_format() {
    let tiny = Tiny::new(1);
    tiny.write_mixture("mixture", "mixtral");
    let path = tiny.path("mixture/config.json");
    let mut config: Value = serde_json::from_slice(&crate::tiny::bytes(&path)).expect("JSON");
    config["dtype"] = "float32".into();
    config["quantization_config"] = serde_json::json!({ "quant_method": "fp8" });
    std::fs::write(&path, config.to_string()).expect("written");
    for (method, dtype) in [
        ("moe-pruner", "f16"),
        ("moe-pruner", "f32"),
        ("frequency", "bf16"),
        ("hc-smoe", "f16"),
    ] {
        let args = [
            "experts",
            "mixture",
            "-m",
            method,
            "--remove",
            "0.25",
            "-c",
            "calibration.txt",
            "--window",
            "32",
        ];
        let result = tiny.json(
            &[
                &args[..],
                &["--windows", "4", "--dtype", dtype, "--force", "-o", "out", "--json"],
            ]
            .concat(),
        );
        let checkpoint = Checkpoint::open(&tiny.path("out")).expect("a model");
        let is_expert = |name: &&String| name.contains(".experts.");
        let names: Vec<String> = checkpoint.tensors().map(|tensor| tensor.name.clone()).collect();
        let of = |part: &str| {
            let chosen: Vec<_> = names
                .iter()
                .filter(is_expert)
                .filter(|name| name.contains(part))
                .collect();
            let zeros: usize = chosen.iter().map(|name| zeros_of(&checkpoint, name)).sum();
            let all: usize = chosen
                .iter()
                .map(|name| checkpoint.read_f32(name).expect("there").len())
                .sum();
            zeros as f64 / all as f64
        };
        assert_eq!(result["sparsity"].as_f64(), Some(of("")), "{method}");
        assert_eq!(
            result["blocks"][1]["sparsity"].as_f64(),
            Some(of("layers.1.")),
            "{method}"
        );
        let expected = if method == "moe-pruner" { 0.25 } else { 0.0 };
        assert!((of("") - expected).abs() < 0.01, "{method}: {}", of(""));
        let format = dtype.parse::<FloatType>().expect("a type").torch_name();
        assert_eq!(
            (&checkpoint.config()["dtype"], &checkpoint.config()["torch_dtype"]),
            (&format.into(), &format.into())
        );
        assert_eq!(checkpoint.config().get("quantization_config"), None);
    }
}

#[test]
fn a_weight_too_large_for_the_number_format_is_named_before_any_work() {
    let tiny = Tiny::new(2);
    let large = |name: &str, mut values: Vec<f32>| {
        if name.ends_with("layers.1.mlp.up_proj.weight") {
            values[5] = 70_000.0;
        }
        values
    };
    tiny.write_model("large", 2, large);
    let calls = [
        vec!["prune", "large", "-m", "magnitude", "-s", "0.5", "--dtype", "f16"],
        vec![
            "prune",
            "large",
            "-m",
            "elsa",
            "-s",
            "0.5",
            "--train",
            "calibration.txt",
            "--dtype",
            "f16",
        ],
        vec!["pack", "large", "--values", "f16"],
        vec!["pack", "large", "--format", "dense"],
    ];
    for call in calls {
        let line = tiny.refuse(1, &[&call[..], &["-o", "out"]].concat());
        assert!(
            line.contains("model.layers.1.mlp.up_proj.weight") && line.contains("f16") && line.contains("70000"),
            "{line}"
        );
        assert!(
            !line.contains("--resume") && !tiny.path("out.partial").exists() && !tiny.path("out").exists(),
            "{line}"
        );
    }
    tiny.succeed(&[
        "prune",
        "large",
        "-m",
        "magnitude",
        "-s",
        "0.5",
        "--dtype",
        "bf16",
        "-o",
        "out",
        "--quiet",
    ]);
}
