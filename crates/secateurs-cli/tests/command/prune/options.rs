//! Options that do not concern the method are refused by name, before any work.

use std::fs;

use crate::tiny::{Tiny, calibration_of};

const TRAINED: [&str; 4] = ["random+finetune", "wanda+finetune", "elsa", "elsa-l"];
const ELSA: [&str; 2] = ["elsa", "elsa-l"];
const SCORES: [&str; 11] = [
    "random",
    "magnitude",
    "wanda",
    "ria",
    "wanda++",
    "taylor",
    "fisher",
    "random+finetune",
    "wanda+finetune",
    "elsa",
    "elsa-l",
];
const LOCAL: [&str; 11] = [
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
    "safe",
];

const CALIBRATED: [&str; 9] = [
    "wanda",
    "ria",
    "wanda++",
    "taylor",
    "fisher",
    "sparsegpt",
    "l-admm",
    "alps",
    "safe",
];
const SEEDED: [&str; 5] = ["random", "random+finetune", "wanda+finetune", "elsa", "elsa-l"];

/// Options, what a refusal calls them, and the methods that use them.
const OPTIONS: [(&[&str], &str, &[&str]); 21] = [
    (&["--seed", "7"], "seed", &SEEDED),
    (&["--seed", "0"], "seed", &SEEDED),
    (&["--scope", "per-layer"], "scope", &SCORES),
    (&["--scope", "global"], "elsa", &ELSA),
    (&["--damping", "0.1"], "damping", &["sparsegpt", "l-admm", "alps"]),
    (&["--iterations", "40"], "iterations", &["l-admm", "alps"]),
    (&["--schedule", "constant"], "schedule", &["l-admm"]),
    (&["--owl"], "allocation", &LOCAL),
    (&["--owl-m", "3"], "allocation", &LOCAL),
    (&["--owl-lambda", "0.1"], "allocation", &LOCAL),
    (&["--train", "calibration.txt"], "training", &TRAINED),
    (&["--validation", "test.txt"], "training", &TRAINED),
    (&["--steps", "5"], "training", &TRAINED),
    (&["--learning-rate", "0.1"], "training", &TRAINED),
    (&["--recompute"], "training", &TRAINED),
    (&["--checkpoint-every", "2"], "training", &TRAINED),
    (&["--lambda", "1"], "lambda", &ELSA),
    (&["--lambda-schedule", "linear"], "lambda-schedule", &ELSA),
    (&["--proximal", "decoupled"], "proximal", &ELSA),
    (&["--interval", "3"], "interval", &ELSA),
    (&["--metric", "second-moment"], "metric", &ELSA),
];

/// The command line of a method with all that it needs.
fn prune<'a>(method: &'a str, pattern: &[&'a str], options: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["prune", "model", "-m", method, "-o", "out"];
    args.extend(pattern);
    let is_owl = options.iter().any(|option| option.starts_with("--owl"));
    args.extend(calibration_of(if is_owl { "wanda" } else { method }));
    if TRAINED.contains(&method) && options.first() != Some(&"--train") {
        args.extend([
            "--train",
            "calibration.txt",
            "--train-window",
            "16",
            "--batch-size",
            "2",
            "--passes",
            "999",
        ]);
    }
    args.extend(options);
    args
}

#[test]
fn every_method_uses_its_options_and_refuses_the_others() {
    let tiny = Tiny::new(1);
    // Whoever loaded weights would find none.
    fs::write(tiny.path("model/model.safetensors"), "").expect("it can be written");
    for method in LOCAL.into_iter().chain(TRAINED) {
        for (option, name, users) in OPTIONS {
            let args = prune(method, &["-s", "0.5"], option);
            if users.contains(&method) {
                let line = tiny.refuse(1, &args);
                assert!(line.contains("model.safetensors"), "{method} {option:?}: {line}");
            } else {
                let line = tiny.refuse(2, &args);
                // A method that trains nothing needs to hear no more than that.
                let says_option = line.contains(name) || (LOCAL.contains(&method) && line.contains("training"));
                assert!(line.contains(method) && says_option, "{method} {option:?}: {line}");
                let is_listed = |user: &&&str| line.contains(**user);
                assert!(users.iter().any(|user| is_listed(&user)), "{method} {option:?}: {line}");
            }
        }
    }
}

#[test]
fn a_calibration_that_nothing_observes_is_refused() {
    let tiny = Tiny::new(1);
    fs::write(tiny.path("model/model.safetensors"), "").expect("it can be written");
    for method in LOCAL.into_iter().chain(TRAINED) {
        if CALIBRATED.contains(&method) || method == "wanda+finetune" {
            continue;
        }
        let line = tiny.refuse(
            2,
            &prune(method, &["-s", "0.5"], &["-c", "absent.txt", "--windows", "4"]),
        );
        let expected = format!("{method} does not use calibration, an option of wanda, ria, wanda++");
        assert!(line.contains(&expected), "{line}");
    }
}

#[test]
fn a_pattern_of_groups_leaves_no_scope() {
    let tiny = Tiny::new(1);
    for method in SCORES {
        let line = tiny.refuse(2, &prune(method, &["-p", "2:4"], &["--scope", "per-layer"]));
        assert!(
            line.contains("2:4") && line.contains("scope has no effect"),
            "{method}: {line}"
        );
    }
}

#[test]
fn a_pattern_of_groups_leaves_nothing_to_spread() {
    let tiny = Tiny::new(1);
    for method in LOCAL {
        let line = tiny.refuse(2, &prune(method, &["-p", "2:4"], &["--owl"]));
        assert!(
            line.contains("2:4") && line.contains("an allocation"),
            "{method}: {line}"
        );
    }
}
