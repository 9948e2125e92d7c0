//! Refusals: one line that says why, and nothing left behind.

use std::fs;

use crate::tiny::{CALIBRATION, Tiny, calibration_of};

/// Prunes `model` to half by wanda into `out` unless `args` say otherwise, which must fail and leave nothing.
fn refuse(tiny: &Tiny, code: i32, args: &[&str]) -> String {
    let line = tiny.refuse(code, &[&["prune"], args, &["-o", "out"]].concat());
    assert!(!tiny.path("out").exists(), "{args:?} left an output");
    assert!(!tiny.path("out.partial").exists(), "{args:?} left unfinished work");
    line
}

fn assert_says(line: &str, part: &str) {
    assert!(line.contains(part), "{part:?} is not in {line:?}");
}

#[test]
fn sparsities_out_of_range() {
    let tiny = Tiny::new(1);
    for bad in ["1", "1.0", "-0.1", "nan", "NaN", "inf", "half", ""] {
        let line = refuse(
            &tiny,
            2,
            &[&["model", "-m", "wanda", "--sparsity", bad][..], &CALIBRATION].concat(),
        );
        assert_says(&line, "--sparsity");
    }
}

#[test]
fn patterns_that_are_none() {
    let tiny = Tiny::new(1);
    for bad in ["5:4", "0:4", "2:0", "2", "a:b", ":"] {
        let line = refuse(&tiny, 2, &["model", "-m", "magnitude", "--pattern", bad]);
        assert_says(&line, "--pattern");
    }
}

#[test]
fn a_pattern_that_does_not_divide_the_inputs() {
    let tiny = Tiny::new(1);
    let line = refuse(&tiny, 1, &["model", "-m", "magnitude", "-p", "3:5"]);
    assert_says(&line, "model.layers.0");
    assert_says(&line, "32");
}

#[test]
fn missing_and_contradicting_options() {
    let tiny = Tiny::new(1);
    assert_says(&refuse(&tiny, 2, &["model", "-s", "0.5"]), "--method");
    assert_says(
        &refuse(&tiny, 2, &["model", "-m", "magnitude"]),
        "--sparsity or --pattern",
    );
    assert_says(
        &refuse(&tiny, 2, &["model", "-m", "magnitude", "-s", "0.5", "-p", "2:4"]),
        "--pattern",
    );
    assert_says(
        &refuse(&tiny, 2, &["model", "-m", "wanda", "-s", "0.5", "--window", "32"]),
        "--calibration",
    );
    assert_says(&refuse(&tiny, 2, &["model", "-m", "obd", "-s", "0.5"]), "sparsegpt");
    assert_says(
        &refuse(&tiny, 2, &["model", "-m", "magnitude", "-s", "0.5", "--damping", "-1"]),
        "--damping",
    );
    assert_says(
        &refuse(
            &tiny,
            2,
            &["model", "-m", "wanda", "-s", "0.5", "-c", "x", "--windows", "0"],
        ),
        "--windows",
    );
    assert_says(
        &refuse(&tiny, 2, &["model", "-m", "wanda", "-s", "0.5", "--sparsty", "1"]),
        "--sparsity",
    );
    assert_says(
        &refuse(
            &tiny,
            1,
            &["model", "-m", "magnitude", "-s", "0.5", "--include", "nothing"],
        ),
        "glob",
    );
    assert_says(
        &refuse(&tiny, 1, &["model", "-m", "magnitude", "-s", "0.5", "--include", "a[b"]),
        "a[b",
    );
}

#[test]
fn options_that_the_method_does_not_use() {
    let tiny = Tiny::new(1);
    let method = |method| ["model", "-m", method, "-s", "0.5"];
    for (name, flags, option, user) in [
        ("magnitude", &["--damping", "0.1"][..], "damping", "sparsegpt"),
        ("wanda", &["--iterations", "20"], "iterations", "alps"),
        ("alps", &["--schedule", "constant"], "schedule", "l-admm"),
        ("sparsegpt", &["--scope", "per-layer"], "scope", "wanda"),
        ("magnitude", &["--train", "test.txt"], "training", "elsa"),
        (
            "wanda+finetune",
            &["--train", "test.txt", "--lambda", "1"],
            "training.lambda",
            "elsa-l",
        ),
        ("elsa", &["--train", "test.txt", "--owl"], "allocation", "magnitude"),
    ] {
        for dry_run in [&[][..], &["--dry-run"]] {
            let line = refuse(&tiny, 2, &[&method(name)[..], flags, &CALIBRATION, dry_run].concat());
            [name, option, user]
                .into_iter()
                .for_each(|part| assert_says(&line, part));
        }
    }
    fs::write(
        tiny.path("recipe.toml"),
        "method = 'magnitude'\nsparsity = 0.5\noptions = { damping = 0.1 }\n",
    )
    .expect("the recipe can be written");
    let line = refuse(&tiny, 2, &["model", "--recipe", "recipe.toml"]);
    assert_says(
        &line,
        "magnitude does not use damping, an option of sparsegpt, l-admm, alps",
    );
}

#[test]
fn texts_that_cannot_calibrate() {
    let tiny = Tiny::new(1);
    let wanda = ["model", "-m", "wanda", "-s", "0.5"];
    assert_says(&refuse(&tiny, 1, &wanda), "needs calibration data");
    assert_says(
        &refuse(
            &tiny,
            1,
            &[&wanda[..], &["-c", "absent.txt", "--window", "32"]].concat(),
        ),
        "absent.txt",
    );
    let too_many = ["-c", "calibration.txt", "--window", "32", "--windows", "13"];
    assert_says(&refuse(&tiny, 1, &[&wanda[..], &too_many].concat()), "416");
    let too_long = ["-c", "calibration.txt", "--window", "65", "--windows", "1"];
    assert_says(&refuse(&tiny, 1, &[&wanda[..], &too_long].concat()), "64 positions");
    fs::write(tiny.path("binary.txt"), [0xff, 0xfe, 0x00]).expect("the file can be written");
    assert_says(
        &refuse(
            &tiny,
            1,
            &[&wanda[..], &["-c", "binary.txt", "--window", "32"]].concat(),
        ),
        "UTF-8",
    );
}

#[test]
fn models_that_are_none() {
    let tiny = Tiny::new(1);
    let args = |model| [&[model, "-m", "wanda", "-s", "0.5"][..], &CALIBRATION].concat();
    assert_says(&refuse(&tiny, 1, &args("absent")), "absent");
    fs::create_dir(tiny.path("empty")).expect("the folder can be made");
    assert_says(&refuse(&tiny, 1, &args("empty")), "empty");
    fs::write(tiny.path("fake.gguf"), b"no model").expect("the file can be written");
    assert_says(&refuse(&tiny, 1, &args("fake.gguf")), "fake.gguf");

    tiny.write_model("no-tokenizer", 1, |_, values| values);
    fs::remove_file(tiny.path("no-tokenizer/tokenizer.json")).expect("the file is there");
    assert_says(&refuse(&tiny, 1, &args("no-tokenizer")), "tokenizer.json");

    tiny.write_model("truncated", 1, |_, values| values);
    let weights = tiny.path("truncated/model.safetensors");
    let whole = fs::read(&weights).expect("the file is there");
    for length in [0, 7, 100, whole.len() - 1] {
        fs::write(&weights, &whole[..length]).expect("the file can be written");
        assert_says(&refuse(&tiny, 1, &args("truncated")), "model.safetensors");
        tiny.refuse(1, &["info", "truncated"]);
        tiny.refuse(1, &["eval", "truncated", "--text", "test.txt", "--window", "32"]);
    }
}

#[test]
fn weights_that_are_not_finite() {
    let tiny = Tiny::new(3);
    let spoil = |block: usize, value: f32| {
        move |name: &str, mut values: Vec<f32>| {
            if name == format!("model.layers.{block}.self_attn.q_proj.weight") {
                values[5] = value;
            }
            values
        }
    };
    tiny.write_model("nan", 3, spoil(0, f32::NAN));
    tiny.write_model("inf", 3, spoil(0, f32::INFINITY));
    for model in ["nan", "inf"] {
        for method in ["magnitude", "wanda", "sparsegpt"] {
            let line = refuse(
                &tiny,
                1,
                &[&[model, "-m", method, "-s", "0.5"][..], calibration_of(method)].concat(),
            );
            assert_says(&line, "model.layers.0.self_attn.q_proj.weight");
        }
        tiny.refuse(1, &["eval", model, "--text", "test.txt", "--window", "32"]);
    }

    // Wherever it is, nothing is begun.
    tiny.write_model("late", 3, spoil(2, f32::NAN));
    let line = refuse(&tiny, 1, &["late", "-m", "magnitude", "-s", "0.5"]);
    assert_says(&line, "model.layers.2.self_attn.q_proj.weight");
    assert!(!tiny.path("out").exists() && !tiny.path("out.partial").exists());
    assert!(
        !line.contains("--resume"),
        "going on would end in the same error: {line}"
    );
}

#[test]
fn activations_that_overflow_late_leave_nothing_to_resume() {
    let tiny = Tiny::new(3);
    tiny.write_model("large", 3, |name, mut values| {
        if name.starts_with("model.layers.1.mlp.") {
            values.iter_mut().for_each(|value| *value *= 1e30);
        }
        values
    });
    let args = ["prune", "large", "-m", "wanda", "-s", "0.5", "-o", "out", "-q"];
    let line = tiny.refuse(1, &[&args[..], &CALIBRATION].concat());
    assert!(
        !line.contains("--resume"),
        "going on would end in the same error: {line}"
    );
    assert!(!tiny.path("out").exists() && !tiny.path("out.partial").exists());
}

#[test]
fn outputs_that_cannot_be() {
    let tiny = Tiny::new(1);
    let prune = |out| ["prune", "model", "-m", "magnitude", "-s", "0.5", "-o", out];
    assert_says(&tiny.refuse(1, &prune("test.txt/out")), "test.txt/out");
    assert_says(&tiny.refuse(1, &prune("absent/out")), "absent/out");

    let before = fs::read(tiny.path("model/model.safetensors")).expect("the file is there");
    for out in ["model", "./model", "model/"] {
        assert_says(&tiny.refuse(1, &prune(out)), "is or holds the model");
        assert_says(
            &tiny.refuse(1, &[&prune(out)[..], &["--force"]].concat()),
            "is or holds the model",
        );
    }
    assert_eq!(
        fs::read(tiny.path("model/model.safetensors")).expect("the file is there"),
        before
    );

    fs::create_dir(tiny.path("out")).expect("the folder can be made");
    fs::write(tiny.path("out/precious"), "data").expect("the file can be written");
    assert_says(&tiny.refuse(1, &prune("out")), "--force");
    tiny.refuse(1, &[&prune("out")[..], &["--force"]].concat());
    assert!(
        tiny.path("out/precious").exists(),
        "--force replaces models, not just any folder"
    );
    assert!(!tiny.path("out.partial").exists());
}

#[test]
fn recipes_that_are_none() {
    let tiny = Tiny::new(1);
    let cases = [
        ("method = ", "line 1"),
        ("method = 'magnitude'\nsparsity = 1.5", "sparsity"),
        ("method = 'magnitude'\nsparsity = 0.5\nsparseness = 1", "sparseness"),
        ("method = 'magic'\nsparsity = 0.5", "magic"),
        ("method = 'magnitude'\nsparsity = 0.5\npattern = '2:4'", "exactly one"),
        ("method = 'magnitude'\nsparsity = 0.5\noptions = 3", "line 3"),
    ];
    for (recipe, part) in cases {
        fs::write(tiny.path("recipe.toml"), recipe).expect("the recipe can be written");
        let output = tiny.run(&["prune", "model", "--recipe", "recipe.toml", "-o", "out"]);
        let code = output.status.code().expect("the binary was not killed");
        assert!(code == 1 || code == 2, "{recipe}: {code}");
        assert_says(&refuse(&tiny, code, &["model", "--recipe", "recipe.toml"]), part);
    }
    assert_says(&refuse(&tiny, 1, &["model", "--recipe", "absent.toml"]), "absent.toml");
}

#[test]
fn evaluations_and_comparisons_that_cannot_be() {
    let tiny = Tiny::new(1);
    assert_says(&tiny.refuse(2, &["eval", "model"]), "--text");
    assert_says(
        &tiny.refuse(1, &["eval", "model", "--text", "absent.txt", "--window", "32"]),
        "absent.txt",
    );
    assert_says(
        &tiny.refuse(1, &["eval", "model", "--text", "test.txt"]),
        "64 positions",
    );
    assert_says(
        &tiny.refuse(
            1,
            &["eval", "model", "-t", "test.txt", "--window", "64", "--windows", "6"],
        ),
        "384",
    );
    assert_says(
        &tiny.refuse(2, &["eval", "model", "-t", "test.txt", "--window", "1"]),
        "--window",
    );
    assert_says(&tiny.refuse(1, &["compare", "model", "absent"]), "absent");
    assert_says(&tiny.refuse(1, &["info", "test.txt"]), "test.txt");
    assert_says(&tiny.refuse(2, &["prunne"]), "prune");
}
