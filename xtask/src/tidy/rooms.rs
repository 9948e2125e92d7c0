//! The rule against full folders: a folder with many files needs subfolders.

use super::Finding;
use crate::house::folders::{MOST_FILES, full_folders};
use crate::tree::Tree;

/// A folder that may hold more files, with the reason.
struct Exception {
    folder: &'static str,
    reason: &'static str,
}

const EXCEPTIONS: [Exception; 0] = [];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let full = full_folders(tree).into_iter();
    let unexcused = full.filter(|folder| !EXCEPTIONS.iter().any(|exception| exception.folder == folder.path));
    let finding = unexcused.map(|folder| {
        let message = format!("{} files; more than {MOST_FILES} want rooms", folder.n_files);
        Finding::in_file(folder.path, message)
    });
    finding.chain(check_exceptions(tree)).collect()
}

/// Checks that an exception is needed and has a reason.
fn check_exceptions(tree: &Tree) -> Vec<Finding> {
    let full = full_folders(tree);
    let is_idle = |exception: &&Exception| {
        exception.reason.is_empty() || !full.iter().any(|folder| folder.path == exception.folder)
    };
    let idle = EXCEPTIONS.iter().filter(is_idle);
    idle.map(|exception| Finding::in_file(exception.folder, "needs no exception in `tidy`, or one with a reason"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixteenth_file_is_one_too_many() {
        let names: Vec<String> = (0..=MOST_FILES)
            .map(|index| format!("crates/a/src/b/f{index}.rs"))
            .collect();
        let mut files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
        let test = ("crates/a/tests/b.rs", "");
        assert_eq!(check(&Tree::of(&files)).len(), 1);
        files[0] = test;
        assert!(check(&Tree::of(&files)).is_empty());
    }
}
