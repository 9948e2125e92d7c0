//! The place of an output: checked before any work, and filled with the finished work.

use std::fs;
use std::path::{Path, PathBuf};

use super::OutputError;
use super::form::{OutputForm, Overwrite};
use crate::atomic::folder_of;
use crate::error::IoContext;
use crate::{OutputKind, Result, staging_path};

/// The place of an output and the treatment of earlier output there.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) out: PathBuf,
    pub(super) form: OutputForm,
    pub(super) overwrite: Overwrite,
}

impl Target {
    /// Refuses paths at which no output can be.
    pub(super) fn check_place(&self) -> Result<(), OutputError> {
        let path = self.out.clone();
        if self.out.file_name().is_none() {
            return Err(OutputError::NoName { path });
        }
        let folder = folder_of(&self.out);
        if !folder.is_dir() {
            let folder = folder.to_owned();
            return Err(OutputError::NoFolder { path, folder });
        }
        let is_link = self.out.symlink_metadata().is_ok_and(|found| found.is_symlink());
        if is_link && !self.out.exists() {
            return Err(OutputError::IsLink { path });
        }
        Ok(())
    }

    /// Refuses outputs that contain an input or lie in one, and inputs in the staging place.
    pub(super) fn check_inputs(&self, inputs: &[&Path]) -> Result<(), OutputError> {
        let spelled = |path: &Path| Some(folder_of(path).canonicalize().ok()?.join(path.file_name()?));
        let staging = staging_path(&self.out);
        for input in inputs.iter().filter_map(|input| input.canonicalize().ok()) {
            let places = [self.out.canonicalize().ok(), spelled(&self.out), spelled(&staging)];
            for place in places.into_iter().flatten() {
                let path = self.out.clone();
                if input.starts_with(&place) {
                    return Err(OutputError::IsInput { path });
                }
                if place.starts_with(&input) {
                    return Err(OutputError::InInput { path, input });
                }
            }
        }
        Ok(())
    }

    /// Refuses existing output that must not or cannot be replaced.
    pub(super) fn check_existing(&self) -> Result<()> {
        if !self.out.exists() {
            return Ok(());
        }
        let path = self.out.clone();
        // Force replaces what such runs make, but not whatever a slip of the keyboard names.
        if !(self.form.is_one)(&path) {
            let expected = self.form.name;
            return Err(OutputError::NotReplaceable { path, expected }.into());
        }
        match (self.overwrite, self.form.kind) {
            (Overwrite::Never | Overwrite::Resume, _) => Err(OutputError::Exists { path }.into()),
            (Overwrite::Force, OutputKind::Folder) => check_replaceable(&path),
            (Overwrite::Force, OutputKind::File) => Ok(()),
        }
    }

    /// Has `publish` put finished work in its place, and removes earlier output afterwards.
    pub(super) fn replace(&self, publish: impl FnOnce() -> Result<()>) -> Result<()> {
        // The work took a while: what is there now may be something else than what was there before.
        self.check_existing()?;
        if self.form.kind == OutputKind::File || !self.out.exists() {
            return publish();
        }
        let earlier = Earlier::set_aside(&self.out)?;
        match publish() {
            Ok(()) => earlier.remove(),
            Err(error) => {
                earlier.put_back();
                Err(error)
            }
        }
    }
}

/// Earlier output, kept in a temporary folder beside its place.
struct Earlier<'a> {
    out: &'a Path,
    aside: tempfile::TempDir,
}

impl<'a> Earlier<'a> {
    fn set_aside(out: &'a Path) -> Result<Self> {
        let mut aside = tempfile::Builder::new();
        let aside = aside
            .prefix(".secateurs-")
            .tempdir_in(folder_of(out))
            .during("remove", out)?;
        let earlier = Self { out, aside };
        fs::rename(out, earlier.path()).during("remove", out)?;
        Ok(earlier)
    }

    fn path(&self) -> PathBuf {
        self.aside.path().join("earlier")
    }

    /// Puts earlier output back; if that fails, it stays in a folder beside the output, and the user sees the error
    /// that led here.
    fn put_back(self) {
        let _ = fs::rename(self.path(), self.out);
    }

    fn remove(self) -> Result<()> {
        self.aside.close().during("remove", self.out)
    }
}

/// Refuses folders that a rename cannot replace.
fn check_replaceable(path: &Path) -> Result<()> {
    if is_mount_point(path) {
        let path = path.to_owned();
        return Err(OutputError::IsMountPoint { path }.into());
    }
    tempfile::tempfile_in(path).map(drop).during("remove", path)
}

/// Whether another file system begins at this folder.
#[cfg(unix)]
fn is_mount_point(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let is_link = path.symlink_metadata().is_ok_and(|found| found.is_symlink());
    let device = |path: &Path| path.metadata().map(|found| found.dev()).ok();
    let crosses = || {
        path.canonicalize()
            .is_ok_and(|path| device(&path) != device(folder_of(&path)))
    };
    !is_link && (crosses() || is_listed_mount(path))
}

#[cfg(not(unix))]
fn is_mount_point(_: &Path) -> bool {
    false
}

/// Whether Linux lists this folder among its mounts; a mount of the same file system shows nowhere else.
#[cfg(unix)]
fn is_listed_mount(path: &Path) -> bool {
    let (Ok(path), Ok(mounts)) = (path.canonicalize(), fs::read_to_string("/proc/self/mountinfo")) else {
        return false;
    };
    let place = path.to_string_lossy().replace(' ', "\\040");
    mounts.lines().any(|line| line.split(' ').nth(4) == Some(&place))
}
