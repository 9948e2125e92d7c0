//! Globs and allocations that name absent parts of the model.

use std::fs;

use crate::tiny::Tiny;

fn refuse(tiny: &Tiny, args: &[&str]) -> String {
    let line = tiny.refuse(1, &[&["prune", "model", "-s", "0.5", "-o", "out"], args].concat());
    assert!(
        !tiny.path("out").exists() && !tiny.path("out.partial").exists(),
        "{args:?}"
    );
    line
}

/// Each alone, and beside one that matches.
#[test]
fn every_glob_must_match_a_layer() {
    let tiny = Tiny::new(2);
    let idle = [
        "self_attention*",
        "re:.*o_proj",
        "layers.0",
        "model.layers.0",
        "model.layers.2.*",
        "MODEL.*",
        "*mlp",
        "lm_head",
        "",
        "model.embed_tokens.weight",
        "*.bias ",
        "**/nothing/**",
        "model.norm.weight",
    ];
    for method in [
        &["-m", "magnitude"][..],
        &["-m", "elsa", "--train", "calibration.txt", "--steps", "1"],
    ] {
        for glob in idle {
            for flag in ["--include", "--exclude"] {
                for args in [
                    &[flag, glob][..],
                    &[flag, "*mlp*", flag, glob],
                    &[flag, glob, flag, "*q_proj.weight"],
                ] {
                    let line = refuse(&tiny, &[method, args].concat());
                    let list = flag.trim_start_matches('-');
                    assert!(
                        line.contains(&format!("{list} glob {glob:?} matches no layer")),
                        "{line}"
                    );
                    assert!(line.contains("model.layers.0."), "paths that exist are shown: {line}");
                }
            }
        }
    }
    let line = refuse(
        &tiny,
        &["-m", "magnitude", "--include", "*up_proj*", "--exclude", "*mlp*"],
    );
    assert!(line.contains("select no weight matrix"), "{line}");
}

#[test]
fn globs_that_match_are_followed_from_flags_and_recipes() {
    let tiny = Tiny::new(2);
    let recipe = |rules: &str| format!("method = 'magnitude'\nsparsity = 0.5\n[rules]\n{rules}\n");
    fs::write(
        tiny.path("recipe.toml"),
        recipe("exclude = ['*attn*', '*embed*', '*norm*']"),
    )
    .expect("written");
    let from_recipe = ["prune", "model", "--recipe", "recipe.toml", "--dry-run", "--json"];
    let plan = tiny.json(&[&from_recipe[..], &["-o", "out"]].concat());
    assert_eq!(plan["plan"]["blocks"][0]["layers"], 3);
    let from_flags = ["prune", "model", "-m", "magnitude", "-s", "0.5", "-o", "out", "--json"];
    let result = tiny.json(&[&from_flags[..], &["--include", "*layers.1.*", "--exclude", "*down*"]].concat());
    assert_eq!(result["layers"], 6);
    // The recipe beside the output lists what is never pruned, too.
    let again = tiny.json(&["prune", "model", "--recipe", "out/recipe.toml", "-o", "again", "--json"]);
    assert_eq!(again["layers"], 6);
    fs::write(tiny.path("recipe.toml"), recipe("exclude = ['*attention*']")).expect("written");
    let line = tiny.refuse(1, &["prune", "model", "--recipe", "recipe.toml", "-o", "new"]);
    assert!(line.contains("\"*attention*\" matches no layer"), "{line}");
}

#[test]
fn allocations_have_an_entry_for_every_block() {
    let tiny = Tiny::new(2);
    for sparsities in ["[]", "[0.5]", "[0.1, 0.2, 0.3]"] {
        let recipe = format!(
            "method = 'magnitude'\nsparsity = 0.5\n[allocation]\nkind = 'per-block'\nsparsities = {sparsities}\n"
        );
        fs::write(tiny.path("recipe.toml"), recipe).expect("written");
        for args in [&[][..], &["--dry-run"]] {
            let line = tiny.refuse(
                1,
                &[&["prune", "model", "--recipe", "recipe.toml", "-o", "out"], args].concat(),
            );
            assert!(line.contains("for the 2 blocks"), "{line}");
            assert!(!tiny.path("out.partial").exists());
        }
    }
}
