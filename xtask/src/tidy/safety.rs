//! The rule for `unsafe`: it stays in few places, and says why it is sound.

use super::Finding;
use super::source::{code_lines, has_word, without_text};
use crate::tree::{File, Tree};

/// Places of `unsafe` code: the kernels, the one mapping of files, and the switch of the allocator.
const PLACES: [&str; 3] = [
    "crates/secateurs-sparse/",
    "crates/secateurs-data/src/mmap.rs",
    "crates/secateurs-lm/src/allocator.rs",
];

/// Number of lines above a block in which its argument is searched.
const REACH: usize = 8;

pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.files
        .iter()
        .filter(|file| file.is_rust())
        .flat_map(check_file)
        .collect()
}

fn check_file(file: &File) -> Vec<Finding> {
    let text = file.text.as_deref().unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let uses = code_lines(text).filter(|(_, line)| has_word(&without_text(line), "unsafe"));
    let is_allowed = PLACES.iter().any(|place| file.path.starts_with(place));
    uses.filter_map(|(number, line)| {
        if !is_allowed {
            return Some(Finding::at(
                &file.path,
                number,
                "`unsafe` is only for kernels, the file mapping and the allocator's switch",
            ));
        }
        // A function or trait that is unsafe to call or implement argues in its documentation.
        let is_block = without_text(line).contains("unsafe {");
        let above = &lines[number.saturating_sub(REACH + 1)..number];
        let argued = above.iter().any(|line| line.to_lowercase().contains("safety"));
        (is_block && !argued).then(|| Finding::at(&file.path, number, "`unsafe` without a SAFETY comment"))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_outside_the_kernels_is_an_error() {
        let text = "fn a() { unsafe { b() } }\n#![deny(unsafe_code)]\n// unsafe\n";
        let findings = check(&Tree::of(&[("crates/secateurs-tensor/src/a.rs", text)]));
        assert_eq!(
            findings.iter().map(|finding| finding.line).collect::<Vec<_>>(),
            [Some(1)]
        );
    }

    #[test]
    fn kernels_argue_for_every_block() {
        let text = "// SAFETY: the slice has eight elements.\nunsafe { a() }\n";
        assert!(check(&Tree::of(&[("crates/secateurs-sparse/src/a.rs", text)])).is_empty());
        assert_eq!(
            check(&Tree::of(&[("crates/secateurs-sparse/src/a.rs", "unsafe { a() }\n")])).len(),
            1
        );
    }
}
