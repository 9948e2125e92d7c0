//! Places of outcomes on disk.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::OutcomeError;
use super::tier::Tier;

/// The workspace this program was built from.
pub fn workspace_root() -> &'static Path {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder
        .ancestors()
        .nth(2)
        .expect("the crate lies two folders below the workspace root")
}

/// The folder of all outcomes: `target/reproduce` in the workspace, wherever Cargo's own target folder is.
pub fn reproduce_root() -> PathBuf {
    workspace_root().join("target").join("reproduce")
}

/// The folder of a claim in a tier: `<root>/<claim>/<tier>`.
pub(super) fn claim_folder(root: &Path, claim: &str, tier: Tier) -> PathBuf {
    root.join(claim).join(tier.to_string())
}

/// Writes a file whole, makes its folder before, and returns its path.
pub(super) fn write_file(folder: &Path, name: &str, text: &str) -> Result<PathBuf, OutcomeError> {
    fs::create_dir_all(folder).map_err(|source| OutcomeError::Io {
        action: "create",
        path: folder.to_owned(),
        source,
    })?;
    let path = folder.join(name);
    secateurs_data::write_atomic(&path, text.as_bytes())?;
    Ok(path)
}

pub(super) fn read_file(path: &Path) -> Result<String, OutcomeError> {
    fs::read_to_string(path).map_err(|source| OutcomeError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_root_holds_the_workspace_manifest() {
        let manifest = fs::read_to_string(workspace_root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"));
    }
}
