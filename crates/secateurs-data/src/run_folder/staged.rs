//! Work in its staging place, and the step that makes it the output.

use std::path::Path;

use super::target::Target;
use crate::error::IoContext;
use crate::held_output::publish_whole;
use crate::{HeldOutput, Result};

/// An output that grows in its staging place; dropped, the place is emptied unless there is work in it to go on with.
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

    /// Removes a file or folder of the staging folder; nothing happens if it is not there.
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

    /// Lets `rename` move the whole place to the path that it is given, in the place of earlier output, which goes only when the
    /// new one is there.
    ///
    /// # Errors
    ///
    /// Those of `rename`, an [`OutputError`](crate::OutputError) if something else lies there meanwhile, or a system error. Earlier
    /// output is then in its place, and so is work to go on with.
    pub fn publish(self, rename: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        self.publish_then(rename, |_| Ok(()))
    }

    /// Publishes, and does something to the new output before anybody can come between.
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

    /// Moves the whole place to the output as it is; see [`publish`](Self::publish).
    ///
    /// # Errors
    ///
    /// Those of [`publish`](Self::publish).
    pub fn publish_as_is(self) -> Result<()> {
        self.publish_as_is_then(|_| Ok(()))
    }

    /// Publishes as it is, and does something to the new output before anybody can come between.
    pub(super) fn publish_as_is_then(self, then: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let Self { target, held } = self;
        publish_whole(&target.out, || {
            target.replace(|| held.publish_as_is())?;
            then(&target.out)
        })
    }

    /// Lets `rename` move a part of the place to the path that it is given, as [`publish`](Self::publish) does with all of it, and
    /// removes the rest.
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
