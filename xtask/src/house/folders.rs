//! Folders with too many files.

use std::collections::BTreeMap;

use crate::tree::Tree;

/// Largest number of source files in a folder.
pub const MOST_FILES: usize = 15;

/// A folder with its number of source files, subfolders not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder<'a> {
    pub path: &'a str,
    pub n_files: usize,
}

/// The folders with more than [`MOST_FILES`] source files, by path.
pub fn full_folders(tree: &Tree) -> Vec<Folder<'_>> {
    let mut folders = BTreeMap::new();
    for source in tree.sources() {
        let (folder, _) = source.path.rsplit_once('/').unwrap_or(("", source.path));
        *folders.entry(folder).or_insert(0) += 1;
    }
    let folders = folders.into_iter().map(|(path, n_files)| Folder { path, n_files });
    folders.filter(|folder| folder.n_files > MOST_FILES).collect()
}
