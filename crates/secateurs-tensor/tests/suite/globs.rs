//! Globs that do nothing are told.

use secateurs_tensor::{PathRules, TensorError};

const PATHS: [&str; 5] = [
    "layers.0.attn.q_proj.weight",
    "layers.0.moe.gate.weight",
    "layers.0.moe.experts.0.up_proj.weight",
    "layers.1.attn.q_proj.weight",
    "layers.1.attn.o_proj.weight",
];

fn check(include: &[&str], exclude: &[&str]) -> Result<(), (String, String)> {
    let rules = PathRules::new(include.iter().copied(), exclude.iter().copied()).expect("globs");
    match rules.check_globs(PATHS) {
        Ok(()) => Ok(()),
        Err(TensorError::UnmatchedGlob { list, glob, examples }) => {
            assert!(examples.split(", ").all(|path| PATHS.contains(&path)), "{examples}");
            Err((list.to_owned(), glob))
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn every_glob_must_match_what_could_be_pruned() {
    let idle = |list: &str, glob: &str| Err((list.to_owned(), glob.to_owned()));
    let never = PathRules::default().exclude().to_vec();
    let never: Vec<&str> = never.iter().map(String::as_str).collect();
    assert!(PathRules::default().check_globs(PATHS).is_ok());
    assert_eq!(check(&["*"], &never), Ok(()));
    assert_eq!(check(&["*q_proj*", "*.1.*"], &["*o_proj*"]), Ok(()));
    assert_eq!(check(&["*q_proj*", "*k_proj*"], &[]), idle("include", "*k_proj*"));
    assert_eq!(check(&["*"], &["*attn*", "*mlp*"]), idle("exclude", "*mlp*"));
    assert_eq!(check(&["*"], &["q_proj"]), idle("exclude", "q_proj"));
    // Gates can be pruned where the rules do not leave them alone.
    assert_eq!(check(&["*gate*"], &[]), Ok(()));
    assert_eq!(check(&["*gate*"], &never), idle("include", "*gate*"));
}
