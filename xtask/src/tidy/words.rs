//! The rule against words that must not stay in the repository.

use super::Finding;
use super::source::{code_lines_outside_tests, without_text};
use crate::tree::{File, Tree};

/// Marks of unfinished work, spelled in halves because this file is checked too.
const UNFINISHED: [&str; 5] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("#[ig", "nore"),
];

/// Folders of one machine.
const MACHINE_PATHS: [&str; 4] = [
    concat!("/wo", "rk/"),
    concat!("/tm", "p/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
];

/// Macros that print, which libraries must not use: they return values and errors.
const PRINTING: [&str; 5] = ["println!(", "eprintln!(", "print!(", "eprint!(", "dbg!("];

pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.files.iter().flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Finding> {
    let Some(text) = &file.text else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let banned = banned_words(file).filter(|word| line.contains(**word));
        findings.extend(banned.map(|word| Finding::at(&file.path, index + 1, format!("contains {word:?}"))));
    }
    if file.library().is_some() {
        findings.extend(check_library(&file.path, text));
    }
    findings
}

/// The forbidden words for a file; data may hold any words, as books do.
fn banned_words(file: &File) -> impl Iterator<Item = &'static &'static str> {
    let is_data = file.path.starts_with("fixtures/") || file.path == "Cargo.lock" || file.path == "LICENSE";
    let (unfinished, paths): (&[_], &[_]) = match file.path.as_str() {
        _ if is_data => (&[], &[]),
        ".gitignore" => (&UNFINISHED, &[]),
        _ => (&UNFINISHED, &MACHINE_PATHS),
    };
    unfinished.iter().chain(paths)
}

fn check_library(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in code_lines_outside_tests(text) {
        let code = without_text(line);
        if code.contains(".unwrap()") {
            findings.push(Finding::at(
                path,
                number,
                "unwraps: return an error, or `expect` an invariant",
            ));
        }
        if PRINTING.iter().any(|macro_name| code.contains(macro_name)) {
            findings.push(Finding::at(path, number, "prints: libraries return values"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)]))
            .into_iter()
            .map(|finding| finding.to_string())
            .collect()
    }

    #[test]
    fn unfinished_work_and_machine_paths_are_found_by_line() {
        let text = format!("fine\n# {}: later\nsee {}x", UNFINISHED[0], MACHINE_PATHS[1]);
        let found = messages("README.md", &text);
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("error: README.md:2: "), "{}", found[0]);
        assert!(messages("fixtures/austen/emma.txt", &text).is_empty());
    }

    #[test]
    fn libraries_neither_unwrap_nor_print_outside_tests() {
        let text = "fn a() { b().unwrap(); }\nfn c() { println!(\"x\"); }\n/// c().unwrap()\n#[cfg(test)]\nmod tests {\n    fn d() { e().unwrap() }\n}\n";
        assert_eq!(messages("crates/secateurs-tensor/src/a.rs", text).len(), 2);
        assert!(messages("crates/secateurs-cli/src/main.rs", text).is_empty());
        assert!(messages("crates/secateurs-tensor/tests/a.rs", text).is_empty());
    }
}
