//! Recipe files: every option has its key there, and no key passes unknown.

use std::fs;

use serde_json::Value;

use crate::tiny::Tiny;

const WANDA: &[&str] = &["-m", "wanda", "-s", "0.5", "-c", "calibration.txt"];
const RANDOM: &[&str] = &["-m", "random", "-s", "0.5"];
const L_ADMM: &[&str] = &["-m", "l-admm", "-s", "0.5", "-c", "calibration.txt"];
const ELSA: &[&str] = &["-m", "elsa", "-s", "0.5", "--train", "calibration.txt"];
const TRACES: &[&str] = &["-m", "wanda", "-s", "0.5", "-c", "traces.jsonl"];

/// Every option of a recipe, after the options that it needs beside it; its value is not the default.
const OPTIONS: [(&[&str], &[&str]); 36] = [
    (WANDA, &["--method", "ria"]),
    (WANDA, &["--sparsity", "0.25"]),
    (WANDA, &["--pattern", "2:4"]),
    (WANDA, &["--dtype", "bf16"]),
    (RANDOM, &["--seed", "7"]),
    (WANDA, &["--include", "*.mlp.*"]),
    (WANDA, &["--exclude", "*.mlp.*"]),
    (WANDA, &["--calibration", "test.txt"]),
    (WANDA, &["--window", "32"]),
    (WANDA, &["--windows", "4"]),
    (TRACES, &["--calibration-part", "prompt"]),
    (TRACES, &["--calibration-tokens", "50"]),
    (WANDA, &["--owl"]),
    (WANDA, &["--owl-m", "3"]),
    (WANDA, &["--owl-lambda", "0.02"]),
    (WANDA, &["--scope", "per-layer"]),
    (L_ADMM, &["--damping", "0.5"]),
    (L_ADMM, &["--iterations", "40"]),
    (L_ADMM, &["--schedule", "constant"]),
    (ELSA, &["--train", "test.txt"]),
    (ELSA, &["--validation", "test.txt"]),
    (ELSA, &["--steps", "5"]),
    (ELSA, &["--train-window", "16"]),
    (ELSA, &["--batch-size", "2"]),
    (ELSA, &["--micro-batches", "2"]),
    (ELSA, &["--passes", "2"]),
    (ELSA, &["--learning-rate", "0.001"]),
    (ELSA, &["--warmup", "3"]),
    (ELSA, &["--lambda", "0.5"]),
    (ELSA, &["--lambda-schedule", "cosine"]),
    (ELSA, &["--proximal", "decoupled"]),
    (ELSA, &["--interval", "4"]),
    (ELSA, &["--metric", "second-moment"]),
    (ELSA, &["--recompute"]),
    (ELSA, &["--checkpoint-every", "2"]),
    (ELSA, &["--scope", "global"]),
];

/// Options of a run that no recipe holds; `--uniform` takes something out of one.
const OTHERS: [&str; 10] = [
    "recipe", "uniform", "out", "device", "resume", "force", "dry-run", "quiet", "json", "help",
];

fn tiny() -> Tiny {
    let tiny = Tiny::new(1);
    fs::write(tiny.path("prompts.txt"), "w1 w2\n").expect("the prompts can be written");
    tiny.succeed(&[
        "trace",
        "model",
        "--raw",
        "--prompts",
        "prompts.txt",
        "-n",
        "2",
        "-o",
        "traces.jsonl",
        "-q",
    ]);
    // The windows of the defaults are longer than the positions of the model.
    let config = tiny.path("model/config.json");
    let text = fs::read_to_string(&config).expect("it is there");
    let longer = text.replace("\"max_position_embeddings\":64", "\"max_position_embeddings\":2048");
    assert_ne!(text, longer);
    fs::write(config, longer).expect("it can be written");
    tiny
}

/// The recipe that a command line means.
fn recipe(tiny: &Tiny, args: &[&str]) -> Value {
    tiny.json(&[&["prune", "model", "-o", "out", "--dry-run", "--json"], args].concat())["recipe"].clone()
}

/// The text between the headings of a dry run, which is a recipe file.
fn recipe_file(tiny: &Tiny, args: &[&str]) -> String {
    let page = tiny.succeed(&[&["prune", "model", "-o", "out", "--dry-run"], args].concat());
    let file = page.split("# plan").next().expect("the recipe comes first");
    file.to_owned()
}

#[test]
fn every_option_goes_through_a_recipe_file() {
    let tiny = tiny();
    for (beside, option) in OPTIONS {
        // An option of the table above replaces the one that it stands beside.
        let beside: Vec<&str> = beside
            .chunks(2)
            .filter(|pair| !same_option(pair[0], option[0]))
            .flatten()
            .copied()
            .collect();
        let with = [&beside[..], option].concat();
        let meant = recipe(&tiny, &with);
        fs::write(tiny.path("recipe.toml"), recipe_file(&tiny, &with)).expect("it can be written");
        assert_eq!(recipe(&tiny, &["-r", "recipe.toml"]), meant, "{option:?} is read back");
        fs::write(
            tiny.path("other.toml"),
            recipe_file(&tiny, beside_or_all(&beside, option)),
        )
        .expect("it can be written");
        let laid_over = recipe(&tiny, &[&["-r", "other.toml"], option].concat());
        assert_eq!(laid_over, meant, "{option:?} is laid over a file");
        let without = recipe(&tiny, &["-r", "other.toml"]);
        assert_ne!(without, meant, "{option:?} changes something");
    }
}

/// The options beside an option, or the usual ones where it was all that was missing.
fn beside_or_all<'a>(beside: &'a [&'a str], option: &[&str]) -> &'a [&'a str] {
    match option[0] {
        "--method" | "--sparsity" | "--pattern" | "--calibration" => WANDA,
        "--train" => ELSA,
        _ => beside,
    }
}

/// Whether two spellings mean options that exclude each other.
fn same_option(short: &str, long: &str) -> bool {
    let excluded: &[&str] = match long {
        "--method" => &["-m"],
        "--sparsity" | "--pattern" => &["-s"],
        "--calibration" => &["-c"],
        "--train" => &["--train"],
        _ => &[],
    };
    excluded.contains(&short)
}

#[test]
fn the_table_has_every_option() {
    let help = Tiny::new(1).succeed(&["prune", "-h"]);
    let words = help
        .lines()
        .filter(|line| line.starts_with("  "))
        .flat_map(str::split_whitespace);
    let bare = words.map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-'));
    let options = bare.filter_map(|word| word.strip_prefix("--"));
    let mut n_seen = 0;
    for option in options {
        let known = OPTIONS
            .iter()
            .any(|(_, args)| args[0].strip_prefix("--") == Some(option));
        assert!(known || OTHERS.contains(&option), "--{option}");
        n_seen += 1;
    }
    assert!(
        n_seen >= OPTIONS.len() + OTHERS.len() - 1,
        "{n_seen} options are in the help"
    );
}

#[test]
fn unknown_keys_are_refused_at_every_depth() {
    let tiny = Tiny::new(1);
    let tables = [
        ("", "sparsity"),
        ("[calibration]\ntext = 'calibration.txt'\n", "windows"),
        ("[training]\ntexts = ['calibration.txt']\n", "learning-rate"),
        ("[allocation]\nkind = 'owl'\n", "lambda"),
        ("[allocation]\nkind = 'uniform'\n", "no fields"),
        ("[allocation]\nkind = 'per-block'\nsparsities = [0.5]\n", "sparsities"),
        ("[options]\n", "damping"),
        ("[options.safe]\n", "epochs"),
        ("[rules]\n", "exclude"),
    ];
    for (table, known) in tables {
        let recipe = format!("method = 'magnitude'\npattern = '2:4'\n{table}bogus = 1\n");
        fs::write(tiny.path("odd.toml"), &recipe).expect("it can be written");
        let line = tiny.refuse(1, &["prune", "model", "-r", "odd.toml", "-o", "out"]);
        for part in ["odd.toml", "`bogus`", known, "line "] {
            assert!(line.contains(part), "{part:?} is not in {line:?} for\n{recipe}");
        }
    }
}
