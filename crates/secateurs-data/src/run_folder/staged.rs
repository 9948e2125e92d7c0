//! Work in its staging place, and its publication as the output.

use std::path::Path;

use super::target::Target;
use crate::error::IoContext;
use crate::held_output::publish_whole;
use crate::{HeldOutput, Result};

/// An output that grows in its staging place; when dropped it empties the place unless there is work to resume.
#[derive(Debug)]
pub struct StagedOutput {
    pub(super) target: Target,
    pub(super) held: HeldOutput,
}

impl StagedOutput {
    /// The folder (or file) in which the output grows.
    pub fn folder(&self) -> &Path {
        self.held.staging()
    }

    /// Removes a file or folder of the staging folder, if it exists.
    ///
    /// # Errors
    ///
    /// A system error.
    pub fn remove(&self, name: &str) -> Result<()> {
        let path = self.folder().join(name);
        match path.symlink_metadata() {
            Ok(found) if found.is_dir() => std::fs::remove_dir_all(&path).during("remove", &path),
            Ok(_) => std::fs::remove_file(&path).during("remove", &path),
            Err(_) => Ok(()),
        }
    }

    /// Has `rename` move the whole place to the path that it is given, and removes earlier output afterwards.
    ///
    /// # Errors
    ///
    /// Those of `rename`, an [`OutputError`](crate::OutputError) if something else lies there meanwhile, or a system
    /// error. Earlier output is then in its place, and so is work to resume.
    pub fn publish(self, rename: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        self.publish_then(rename, |_| Ok(()))
    }

    /// Publishes, and runs a closure on the new output before any other process can intervene.
    pub(super) fn publish_then(
        self,
        rename: impl FnOnce(&Path) -> Result<()>,
        then: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<()> {
        let Self { target, held } = self;
        publish_whole(&target.out, || {
            target.replace(|| held.publish(|| rename(&target.out)))?;
            then(&target.out)
        })
    }

    /// Moves the whole place to the output; see [`publish`](Self::publish).
    ///
    /// # Errors
    ///
    /// Those of [`publish`](Self::publish).
    pub fn publish_as_is(self) -> Result<()> {
        self.publish_as_is_then(|_| Ok(()))
    }

    /// Publishes the whole place, and runs a closure on the new output before any other process can intervene.
    pub(super) fn publish_as_is_then(self, then: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let Self { target, held } = self;
        publish_whole(&target.out, || {
            target.replace(|| held.publish_as_is())?;
            then(&target.out)
        })
    }

    /// Has `rename` move a part of the place to the path that it is given, as [`publish`](Self::publish) does with the
    /// whole, and removes the rest.
    ///
    /// # Errors
    ///
    /// Those of [`publish`](Self::publish).
    pub fn publish_part(self, rename: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let Self { target, held } = self;
        publish_whole(&target.out, || {
            target.replace(|| rename(&target.out))?;
            held.discard()
        })
    }
}
