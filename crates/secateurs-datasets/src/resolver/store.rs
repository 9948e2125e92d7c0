//! Puts a file into the cache.

use std::path::{Path, PathBuf};

use secateurs_data::fill_atomic;

use super::checksum::verify;
use crate::error::IoContext;
use crate::{DataFile, Dataset, Result};

/// Has `fill` write a temporary file, checks its content and moves it to its place in `cache`.
pub(super) fn store(
    cache: &Path,
    dataset: &Dataset,
    file: &DataFile,
    fill: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let target = cache.join(dataset.name.as_str()).join(file.path.as_str());
    let folder = target.parent().unwrap_or(cache);
    std::fs::create_dir_all(folder).during("create", folder)?;
    fill_atomic(&target, |temporary| {
        fill(temporary)?;
        verify(temporary, file)
    })?;
    Ok(target)
}
