//! Putting a file into the cache.

use std::path::{Path, PathBuf};

use super::checksum::verify;
use super::{DataFile, Dataset};
use crate::Result;
use crate::atomic::{folder_of, persist};
use crate::error::IoContext;

/// Lets `fill` write a temporary file, checks its content and moves it to its place in `cache`.
pub(super) fn store(
    cache: &Path,
    dataset: &Dataset,
    file: &DataFile,
    fill: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let target = cache.join(dataset.name.as_str()).join(file.path.as_str());
    let folder = folder_of(&target);
    std::fs::create_dir_all(folder).during("create", folder)?;
    let temporary = tempfile::NamedTempFile::new_in(folder).during("create a temporary file in", folder)?;
    fill(temporary.path())?;
    verify(temporary.path(), file)?;
    persist(temporary, &target)?;
    Ok(target)
}
