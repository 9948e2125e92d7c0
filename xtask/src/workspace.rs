//! Folders of the workspace.

use std::env;
use std::path::{Path, PathBuf};

/// The workspace this program was built from.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask is a folder of the workspace")
}

/// The folder of files that the repository generated or trained itself.
pub fn fixtures() -> PathBuf {
    root().join("fixtures")
}

/// The folder of build output: `$CARGO_TARGET_DIR`, by default in the user's cache folder, so that every checkout
/// shares one build of burn.
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) if !folder.is_empty() => folder.into(),
        _ => user_cache().map_or_else(|| root().join("target"), |cache| cache.join("secateurs").join("target")),
    }
}

fn user_cache() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))
}
