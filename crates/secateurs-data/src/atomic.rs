//! Files that appear whole or not at all.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::error::IoContext;
use crate::{DataError, Result};

/// Writes `bytes` to `path`: to a temporary file beside it, which is synced and then renamed over any older file.
///
/// After a crash at any moment `path` holds either its old or its new content.
///
/// # Errors
///
/// A system error; then `path` is unchanged and no temporary file is left.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = temporary_beside(path)?;
    file.write_all(bytes).during("write", path)?;
    persist(file, path)
}

/// Has `fill` write a temporary file beside `path`, which is then synced and renamed as by [`write_atomic`].
///
/// # Errors
///
/// The error of `fill`, or a system error; then `path` is unchanged and no temporary file is left.
pub fn fill_atomic<E: From<DataError>>(path: &Path, fill: impl FnOnce(&Path) -> Result<(), E>) -> Result<(), E> {
    let file = temporary_beside(path)?;
    fill(file.path())?;
    Ok(persist(file, path)?)
}

fn temporary_beside(path: &Path) -> Result<tempfile::NamedTempFile> {
    let folder = folder_of(path);
    tempfile::NamedTempFile::new_in(folder).during("create a temporary file in", folder)
}

/// Renames a finished and synced file to its place, over any older file, so that it stays there after a crash.
///
/// # Errors
///
/// A system error; then both files are as they were.
pub fn rename_durably(from: &Path, to: &Path) -> Result<()> {
    std::fs::rename(from, to).during("rename to", to)?;
    sync_folder(folder_of(to))
}

/// Syncs a temporary file and renames it to `path`.
pub(crate) fn persist(file: tempfile::NamedTempFile, path: &Path) -> Result<()> {
    widen_permissions(file.as_file()).during("set the permissions of", path)?;
    file.as_file().sync_all().during("sync", path)?;
    file.persist(path).map_err(|e| e.error).during("rename to", path)?;
    sync_folder(folder_of(path))
}

/// Makes renames and new files in `folder` durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    // Only Unix systems can open a folder as a file; elsewhere the rename itself is all there is.
    if cfg!(unix) {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .during("sync", folder)?;
    }
    Ok(())
}

/// The folder that holds `path`.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Temporary files are private to their owner; outputs are readable by all, as other programs' files are.
#[cfg(unix)]
pub(crate) fn widen_permissions(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
pub(crate) fn widen_permissions(_file: &File) -> std::io::Result<()> {
    Ok(())
}
