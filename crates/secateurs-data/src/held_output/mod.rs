//! Outputs that only one job at a time may write.

mod held;
mod own;

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::atomic::folder_of;
use crate::error::IoContext;
use crate::writer::move_folder;
use crate::{DataError, Result, rename_durably};
use held::{Held, LOCK_FILE, empty, other_holder};
use own::{Fate, places};

pub(crate) use own::publish_whole;
pub use own::{AbandonedWork, abandon_work};

/// The kind of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputKind {
    /// A folder, which grows in the folder `OUT.partial`.
    Folder,
    /// A file, which grows in the file `OUT.partial`.
    File,
}

/// An output that this job alone may write, with the staging place beside it where it grows until it is whole.
///
/// The place is `OUT.partial`. A lock on it (for a folder, on the file `secateurs.lock` in it) refuses every other job with
/// the same output, of whatever kind, in whatever process and however its path is spelled. The system takes the lock back
/// when a process ends, however it ends. Where a file system has no locks, two jobs at once are the user's to avoid.
///
/// Dropped, it removes what was made in the place, unless [`keep`](Self::keep) was called or the place holds what an
/// earlier job left.
///
/// # Examples
///
/// ```
/// use secateurs_data::{DataError, HeldOutput, OutputKind};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let out = folder.path().join("model");
/// let held = HeldOutput::new(&out, OutputKind::Folder)?;
/// let second = HeldOutput::new(&out, OutputKind::Folder);
/// assert!(matches!(second, Err(DataError::OutputInUse { .. })));
/// drop(held);
/// assert!(HeldOutput::new(&out, OutputKind::File).is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct HeldOutput {
    out: PathBuf,
    staging: PathBuf,
    kind: OutputKind,
    held: Held,
    leftover: Leftover,
    is_kept: bool,
}

/// Content of a staging place when it was locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leftover {
    /// An empty place.
    Nothing,
    /// A folder of a job, or a file where a folder should grow or the reverse.
    Work,
    /// A folder that apparently no job made.
    Foreign,
}

/// The staging place of unfinished work for `out`: `OUT.partial` beside it.
pub fn staging_path(out: &Path) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    out.with_file_name(name)
}

/// Refuses outputs inside a folder where another process works: they would become part of its output, or be removed
/// with it. A job may have stages with outputs of their own in its folder.
fn refuse_inside(out: &Path) -> Result<()> {
    let Ok(folder) = folder_of(out).canonicalize() else {
        return Ok(());
    };
    let held = folder
        .ancestors()
        .find_map(|folder| Some((folder, other_holder(folder)?)));
    match held {
        Some((folder, pid)) => Err(DataError::OutputInUse {
            path: folder.to_owned(),
            pid,
        }),
        None => Ok(()),
    }
}

impl HeldOutput {
    /// Locks the staging place of `out`, and creates it if it does not exist.
    ///
    /// # Errors
    ///
    /// [`DataError::OutputInUse`](crate::DataError::OutputInUse) if another job writes this output, [`DataError::OutputExists`](crate::DataError::OutputExists) if the place is taken by
    /// something else than a file or a folder, or a system error. Nothing is changed then.
    pub fn new(out: &Path, kind: OutputKind) -> Result<Self> {
        refuse_inside(out)?;
        let staging = staging_path(out);
        let mut places = places();
        let held = Held::acquire(out, &staging, kind)?;
        let this = Self {
            out: out.to_owned(),
            staging,
            kind,
            leftover: held.leftover,
            held,
            is_kept: false,
        };
        places.insert(&this.staging, this.fate());
        Ok(this)
    }

    /// The folder or file in which the output grows.
    pub fn staging(&self) -> &Path {
        &self.staging
    }

    /// Content that an earlier job left in the place, unless it was [cleared](Self::clear).
    pub fn leftover(&self) -> Leftover {
        self.leftover
    }

    /// Whether the place has the kind of the output, so that its work can be resumed.
    pub fn is_of_kind(&self) -> bool {
        self.held.is_folder == (self.kind == OutputKind::Folder)
    }

    /// The file in which the output grows, open to read and write.
    ///
    /// # Errors
    ///
    /// A system error; the output must be a file.
    pub fn open_file(&self) -> Result<File> {
        // On systems where locks bar other handles, only copies of this one can write.
        let copy = match &self.held.lock {
            Some(file) if !self.held.is_folder => file.try_clone(),
            _ => Err(ErrorKind::IsADirectory.into()),
        };
        copy.during("open", &self.staging)
    }

    /// Removes an earlier job's content.
    ///
    /// # Errors
    ///
    /// A system error, or [`DataError::OutputInUse`](crate::DataError::OutputInUse) if a job of another kind took the place over meanwhile.
    pub fn clear(&mut self) -> Result<()> {
        if self.is_of_kind() {
            match &self.held.lock {
                Some(file) if !self.held.is_folder => file.set_len(0).during("cut", &self.staging)?,
                _ => empty(&self.staging)?,
            }
        } else {
            self.held.remove(&self.staging)?;
            self.held = Held::acquire(&self.out, &self.staging, self.kind)?;
        }
        self.leftover = Leftover::Nothing;
        places().insert(&self.staging, self.fate());
        Ok(())
    }

    /// Keeps the work in the place after this value is dropped, to be resumed.
    pub fn keep(&mut self) {
        self.is_kept = true;
        places().insert(&self.staging, self.fate());
    }

    /// Has `rename` move the finished work from its place to the output, then unlocks it.
    ///
    /// # Errors
    ///
    /// Those of `rename`; work that is [kept](Self::keep) then stays in its place.
    pub fn publish(mut self, rename: impl FnOnce() -> Result<()>) -> Result<()> {
        if cfg!(windows) {
            // Windows cannot rename a folder with open files in it.
            self.held.lock = None;
        }
        // A signal waits, so that it finds the output whole or not there.
        let mut places = places();
        rename()?;
        places.forget(&self.staging);
        if self.held.is_folder {
            // Only now: without the file another job could begin in the folder before it has moved.
            let _ = std::fs::remove_file(self.out.join(LOCK_FILE));
        }
        self.held.lock = None;
        Ok(())
    }

    /// Moves the finished work to the output as it is, over a file or over nothing, then unlocks it.
    ///
    /// # Errors
    ///
    /// [`DataError::OutputExists`](crate::DataError::OutputExists) if a folder would replace something, or a system error; work that is [kept](Self::keep)
    /// then stays in its place.
    pub fn publish_as_is(self) -> Result<()> {
        let (staging, out, kind) = (self.staging.clone(), self.out.clone(), self.kind);
        self.publish(|| match kind {
            OutputKind::Folder => move_folder(&staging, &out),
            OutputKind::File => rename_durably(&staging, &out),
        })
    }

    /// Removes the place with its content and unlocks it.
    ///
    /// # Errors
    ///
    /// A system error.
    pub fn discard(mut self) -> Result<()> {
        let mut places = places();
        self.held.remove(&self.staging)?;
        places.forget(&self.staging);
        Ok(())
    }

    /// The fate of the place when this value is dropped.
    fn fate(&self) -> Fate {
        match (self.is_kept, self.leftover) {
            (false, Leftover::Nothing) => Fate::Removed,
            _ => Fate::Kept,
        }
    }
}

impl Drop for HeldOutput {
    fn drop(&mut self) {
        if self.held.lock.is_none() {
            return;
        }
        let mut places = places();
        places.forget(&self.staging);
        // The user needs the error that led here; a failure to tidy up is not reported.
        if self.fate() == Fate::Removed {
            let _ = self.held.remove(&self.staging);
        } else if self.held.is_folder {
            let _ = std::fs::remove_file(self.staging.join(LOCK_FILE));
        }
    }
}
