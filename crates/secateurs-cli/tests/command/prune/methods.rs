//! Models that `secateurs prune` makes.

use crate::tiny::{CALIBRATION, Tiny, bytes, calibration_of};
use secateurs::Recipe;
use secateurs::data::{Checkpoint, TensorInfo};

const METHODS: [&str; 10] = [
    "random",
    "magnitude",
    "wanda",
    "ria",
    "wanda++",
    "taylor",
    "fisher",
    "sparsegpt",
    "l-admm",
    "alps",
];

/// The command line of the method that the second of `args` names.
fn prune<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [&["prune", "model"], args, calibration_of(args[1])].concat()
}

/// Tensors that pruning touches.
fn linears(checkpoint: &Checkpoint) -> Vec<TensorInfo> {
    checkpoint
        .tensors()
        .filter(|tensor| tensor.name.contains("_proj"))
        .cloned()
        .collect()
}

fn n_zeros(values: &[f32]) -> usize {
    values.iter().filter(|value| **value == 0.0).count()
}

#[test]
fn every_method_prunes_exactly_half() {
    let tiny = Tiny::new(2);
    for method in METHODS {
        let result = tiny.json(&prune(&["-m", method, "-s", "0.5", "-o", method, "--json"]));
        let pruned = Checkpoint::open(&tiny.path(method)).expect("the output is a model");
        let linears = linears(&pruned);
        assert_eq!(linears.len(), 14, "{method}");
        for tensor in &linears {
            let values = pruned.read_f32(&tensor.name).expect("the tensor is there");
            assert_eq!(n_zeros(&values), values.len() / 2, "{method}: {}", tensor.name);
        }
        assert_eq!(result["sparsity"], 0.5, "{method}");
        assert_eq!(result["requested_sparsity"], 0.5, "{method}");
        assert_eq!(result["method"], method);
        assert_eq!(result["pattern"], "50%");
        assert_eq!(result["out"], method);
        for field in ["solve_seconds", "total_seconds"] {
            assert!(
                result[field].as_f64().is_some_and(|seconds| seconds >= 0.0),
                "{method}: {field}"
            );
        }
        assert!(result.get("peak_rss_bytes").is_some(), "{method}");
    }
}

#[test]
fn every_method_keeps_two_of_four() {
    let tiny = Tiny::new(2);
    for method in METHODS {
        let result = tiny.json(&prune(&["-m", method, "-p", "2:4", "-o", method, "--json"]));
        let pruned = Checkpoint::open(&tiny.path(method)).expect("the output is a model");
        for tensor in linears(&pruned) {
            let values = pruned.read_f32(&tensor.name).expect("the tensor is there");
            let exact = values.chunks(4).filter(|group| n_zeros(group) == 2).count();
            assert_eq!(exact, values.len() / 4, "{method}: {}", tensor.name);
        }
        assert_eq!(result["sparsity"], 0.5, "{method}");
        assert_eq!(result["pattern"], "2:4");
    }
}

#[test]
fn what_is_not_pruned_stays_the_same_to_the_bit() {
    let tiny = Tiny::new(2);
    tiny.succeed(&prune(&[
        "-m",
        "sparsegpt",
        "-s",
        "0.5",
        "-o",
        "out",
        "--exclude",
        "*down_proj*",
    ]));
    let comparison = tiny.json(&["compare", "model", "out", "--json"]);
    let tensors = comparison["tensors"].as_array().expect("there are tensors");
    for tensor in tensors {
        let name = tensor["name"].as_str().expect("tensors have names");
        let pruned = name.contains("_proj") && !name.contains("down_proj");
        assert_eq!(tensor["identical"], !pruned, "{name}");
    }
}

#[test]
fn the_stored_recipe_makes_the_same_bytes() {
    let tiny = Tiny::new(2);
    tiny.succeed(&prune(&[
        "-m",
        "l-admm",
        "-s",
        "0.6",
        "-o",
        "one",
        "--damping",
        "0.05",
        "--dtype",
        "bf16",
        "--owl",
    ]));
    tiny.succeed(&["prune", "model", "--recipe", "one/recipe.toml", "-o", "two"]);
    assert_eq!(
        bytes(tiny.path("one/model.safetensors")),
        bytes(tiny.path("two/model.safetensors"))
    );
    assert_eq!(bytes(tiny.path("one/recipe.toml")), bytes(tiny.path("two/recipe.toml")));
}

#[test]
fn flags_override_the_recipe() {
    let tiny = Tiny::new(1);
    let recipe = "method = 'sparsegpt'\npattern = '2:4'\nrules = { exclude = ['*down_proj*'] }\n[calibration]\ntext = 'calibration.txt'\nwindow = 32\nwindows = 4\n[allocation]\nkind = 'owl'\nm = 3.0\n";
    std::fs::write(tiny.path("recipe.toml"), recipe).expect("the recipe can be written");
    let flags = [
        "-m",
        "wanda",
        "-s",
        "75%",
        "--windows",
        "2",
        "--dtype",
        "f16",
        "--scope",
        "per-layer",
    ];
    tiny.succeed(
        &[
            &[
                "prune",
                "model",
                "--recipe",
                "recipe.toml",
                "-o",
                "out",
                "--owl-lambda",
                "0",
            ],
            flags.as_slice(),
        ]
        .concat(),
    );
    let stored = String::from_utf8(bytes(tiny.path("out/recipe.toml"))).expect("recipes are UTF-8");
    let stored = Recipe::from_toml(&stored).expect("the stored recipe can be read");
    let wanted = r#"
        method = "wanda"
        sparsity = 0.75
        rules = { exclude = ["*down_proj*"] }
        dtype = "f16"
        calibration = { text = "calibration.txt", window = 32, windows = 2 }
        allocation = { kind = "owl", m = 3.0, lambda = 0.0 }
        options = { scope = "per-layer" }
    "#;
    assert_eq!(stored, Recipe::from_toml(wanted).expect("the recipe is valid"));
}

#[test]
fn uniform_overrides_the_spread_of_the_recipe() {
    let tiny = Tiny::new(1);
    let recipe = "method = 'magnitude'\npattern = '2:4'\nallocation = { kind = 'owl' }\n";
    std::fs::write(tiny.path("recipe.toml"), recipe).expect("the recipe can be written");
    let line = tiny.refuse(2, &["prune", "model", "--recipe", "recipe.toml", "-o", "out"]);
    assert!(line.contains("2:4"), "{line}");
    tiny.succeed(&["prune", "model", "--recipe", "recipe.toml", "-o", "out", "--uniform"]);
}

#[test]
fn owl_moves_sparsity_between_blocks_and_keeps_the_sum() {
    let tiny = Tiny::new(4);
    tiny.write_model("spiky", 4, |name, mut values| {
        if name.contains("layers.1") && name.contains("_proj") {
            values.iter_mut().step_by(17).for_each(|value| *value *= 20.0);
        }
        values
    });
    let args = [
        "prune",
        "spiky",
        "-m",
        "magnitude",
        "-s",
        "0.5",
        "--owl-m",
        "3",
        "-o",
        "out",
        "--json",
    ];
    let result = tiny.json(&[&args[..], &CALIBRATION].concat());
    let sparsity = result["sparsity"].as_f64().expect("the sparsity is a number");
    assert!((sparsity - 0.5).abs() < 0.001, "{sparsity}");
    let info = tiny.json(&["info", "out", "--json"]);
    let of = |block: &str| {
        let linears = info["linears"].as_array().expect("there are linears");
        let up = linears
            .iter()
            .find(|linear| linear["name"] == format!("model.layers.{block}.mlp.up_proj.weight"));
        up.expect("every block has an up_proj")["sparsity"]
            .as_f64()
            .expect("the sparsity is a number")
    };
    assert!(
        of("1") < of("3") - 0.02,
        "the block with outliers keeps more: {} and {}",
        of("1"),
        of("3")
    );
}

#[test]
fn a_dry_run_writes_nothing() {
    let tiny = Tiny::new(2);
    let page = tiny.succeed(&prune(&["-m", "wanda", "-s", "0.5", "-o", "out", "--dry-run"]));
    assert!(page.contains("method = \"wanda\""), "{page}");
    assert!(page.contains("50.00%"), "{page}");
    assert!(!tiny.path("out").exists() && !tiny.path("out.partial").exists());
    let plan = tiny.json(&prune(&[
        "-m",
        "wanda",
        "-s",
        "0.5",
        "-o",
        "out",
        "--dry-run",
        "--json",
    ]));
    assert_eq!(plan["plan"]["blocks"][1]["layers"], 7);
    assert_eq!(
        plan["plan"]["blocks"][1]["weights"],
        2 * 32 * 32 + 2 * 16 * 32 + 3 * 48 * 32
    );
}

#[test]
fn the_summary_says_what_was_done_and_what_to_do_next() {
    let tiny = Tiny::new(2);
    let page = tiny.succeed(&prune(&["-m", "sparsegpt", "-s", "0.5", "-o", "out"]));
    for part in ["model.layers.1", "50.00%", "secateurs eval out", "recipe.toml"] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
    assert_eq!(
        tiny.succeed(&prune(&["-m", "random", "-s", "0.5", "-o", "other", "--quiet"])),
        ""
    );
}

#[test]
fn force_replaces_an_earlier_output() {
    let tiny = Tiny::new(1);
    tiny.succeed(&["prune", "model", "-m", "magnitude", "-s", "0.5", "-o", "out"]);
    tiny.succeed(&[
        "prune",
        "model",
        "-m",
        "magnitude",
        "-s",
        "0.25",
        "-o",
        "out",
        "--force",
    ]);
    assert_eq!(tiny.json(&["info", "out", "--json"])["sparsity"], 0.25);
}
