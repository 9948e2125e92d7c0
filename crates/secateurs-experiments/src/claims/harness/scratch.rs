//! Temporary folders of this process, which leave nothing behind even where a signal ends it.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::ExperimentError;

/// Attempts to remove a folder in which another thread still makes files.
const ATTEMPTS: usize = 20;

/// A temporary folder, removed when it is dropped, or by [`remove_scratch`].
///
/// # Errors
///
/// If it cannot be made.
pub fn make_scratch() -> Result<TempDir, ExperimentError> {
    let parent = scratch_root();
    fs::create_dir_all(&parent).map_err(ExperimentError::temporary)?;
    tempfile::tempdir_in(parent).map_err(ExperimentError::temporary)
}

/// Removes all temporary folders of this process, at its end.
pub fn remove_scratch() {
    let root = scratch_root();
    for _ in 0..ATTEMPTS {
        // A folder that cannot be removed is one of many in the system's folder of temporary files.
        if fs::remove_dir_all(&root).is_ok() || !root.exists() {
            return;
        }
    }
}

/// The folder of this process among the system's temporary files.
fn scratch_root() -> PathBuf {
    std::env::temp_dir().join(format!("secateurs-experiments-{}", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_of_this_process_and_goes_with_its_owner() {
        let folder = make_scratch().expect("it can be made");
        let path = folder.path().to_owned();
        assert!(path.is_dir() && path.starts_with(scratch_root()));
        drop(folder);
        assert!(!path.exists());
    }
}
