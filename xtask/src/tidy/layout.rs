//! The rules for places, names and lengths of files.

use super::Finding;
use super::source::code_lines;
use crate::tree::{File, Tree};

const TOP_LEVEL: [&str; 17] = [
    ".cargo",
    ".ci",
    ".gitattributes",
    ".gitignore",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "benches",
    "clippy.toml",
    "crates",
    "deny.toml",
    "fixtures",
    "pyproject.toml",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "xtask",
];

/// Names that say nothing about a file's content.
const EMPTY_NAMES: [&str; 8] = [
    "utils", "util", "helpers", "helper", "common", "misc", "stuff", "shared",
];

/// Numbers of lines of code above which a file is long, and above which it is too long.
const LONG: usize = 400;
const TOO_LONG: usize = 600;

const LARGEST_FILE: u64 = 8_000_000;

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings: Vec<Finding> = tree.files.iter().flat_map(check_file).collect();
    findings.extend(check_readmes(tree));
    findings
}

fn check_file(file: &File) -> Vec<Finding> {
    let path = &file.path;
    let mut findings = Vec::new();
    let top = path.split('/').next().unwrap_or_default();
    if !TOP_LEVEL.contains(&top) {
        findings.push(Finding::in_file(path, "does not belong at the top level"));
    }
    if file.is_rust() {
        let names = path.trim_end_matches(".rs").split('/');
        let empty = names.filter(|name| EMPTY_NAMES.contains(name));
        findings.extend(empty.map(|name| Finding::in_file(path, format!("{name:?} says nothing about its content"))));
    }
    if file.bytes > LARGEST_FILE {
        findings.push(Finding::in_file(
            path,
            format!("{:.1} MB is too large", file.bytes as f64 / 1e6),
        ));
    }
    findings.extend(check_length(file));
    findings
}

fn check_length(file: &File) -> Option<Finding> {
    let text = file.text.as_deref().filter(|_| file.is_rust())?;
    let lines = code_lines(text).count();
    let finding = || Finding::in_file(&file.path, format!("{lines} lines of code; split it"));
    match lines {
        _ if lines > TOO_LONG => Some(finding()),
        _ if lines > LONG => Some(finding().into_warning()),
        _ => None,
    }
}

/// Checks that every crate has a README and that it is the crate's documentation.
fn check_readmes(tree: &Tree) -> Vec<Finding> {
    let manifests = tree
        .files
        .iter()
        .filter_map(|file| file.path.strip_suffix("/Cargo.toml"));
    let crates = manifests.filter(|folder| folder.starts_with("crates/"));
    crates.flat_map(|folder| check_readme(tree, folder)).collect()
}

fn check_readme(tree: &Tree, folder: &str) -> Vec<Finding> {
    let text = |name: &str| {
        let path = format!("{folder}/{name}");
        tree.files
            .iter()
            .find(|file| file.path == path)
            .and_then(|file| file.text.as_deref())
    };
    let mut findings = Vec::new();
    if text("README.md").is_none_or(|text| text.trim().is_empty()) {
        findings.push(Finding::in_file(folder, "has no README.md"));
    }
    let root = text("src/lib.rs").or_else(|| text("src/main.rs")).unwrap_or_default();
    if !root.contains("#![doc = include_str!(\"../README.md\")]") {
        findings.push(Finding::in_file(
            folder,
            "does not include its README as its documentation",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::Severity;

    fn messages(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::of(files))
            .into_iter()
            .map(|finding| finding.to_string())
            .collect()
    }

    #[test]
    fn strangers_at_the_top_and_empty_names_are_found() {
        let found = messages(&[("notes.txt", ""), ("xtask/src/utils.rs", ""), ("xtask/src/plan.rs", "")]);
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn length_counts_code_and_grows_from_warning_to_error() {
        let severity = |lines: usize| {
            let text = "//! comment\n\n".repeat(1000) + &"a();\n".repeat(lines);
            check(&Tree::of(&[("xtask/src/a.rs", &text)]))
                .first()
                .map(|finding| finding.severity)
        };
        assert_eq!(severity(LONG), None);
        assert_eq!(severity(LONG + 1), Some(Severity::Warning));
        assert_eq!(severity(TOO_LONG + 1), Some(Severity::Error));
    }

    #[test]
    fn a_readme_must_exist_and_be_included() {
        let manifest = ("crates/a/Cargo.toml", "");
        assert_eq!(messages(&[manifest]).len(), 2);
        let root = ("crates/a/src/lib.rs", "#![doc = include_str!(\"../README.md\")]");
        assert!(messages(&[manifest, root, ("crates/a/README.md", "# a")]).is_empty());
    }

    #[test]
    fn large_files_are_refused() {
        let file = File {
            path: "fixtures/model.gguf".to_owned(),
            bytes: LARGEST_FILE + 1,
            text: None,
        };
        assert_eq!(check(&Tree { files: vec![file] }).len(), 1);
    }
}
