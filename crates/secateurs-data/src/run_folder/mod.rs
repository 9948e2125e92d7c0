//! Interruptible runs: their staging place, their journal, and the publication of their output.

mod error;
mod form;
mod journal;
mod lines;
mod request;
mod staged;
mod target;

pub use error::OutputError;
pub use form::{OutputForm, Overwrite};
pub use journal::RunJournal;
pub use lines::RunLines;
pub use request::{OutputClaim, OutputRequest};
pub use staged::StagedOutput;

use std::path::Path;

use crate::error::IoContext;
use crate::{DataError, Result};
use journal::JOURNAL_FILE;

/// A folder that grows in its staging place, with a journal of the request and the progress.
///
/// An interrupted run resumes after the last step that was [kept](Self::keep), and ends with the same bytes. The
/// journal is not part of the output.
///
/// # Examples
///
/// A job that writes squares, one file each, and is interrupted after two of them:
///
/// ```
/// use std::path::Path;
/// use secateurs_data::{OutputForm, OutputRequest, Overwrite, Result, RunJournal, write_atomic};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Squares { wanted: u32, done: u32 }
///
/// impl RunJournal for Squares {
///     const KIND: &'static str = "squares";
///     fn difference(&self, asked: &Self) -> Option<&'static str> { (self.wanted != asked.wanted).then_some("number") }
/// }
///
/// fn write_squares(out: &Path, overwrite: Overwrite, stop_after: u32) -> Result<()> {
///     let request = OutputRequest { out, form: OutputForm::MODEL, inputs: &[], overwrite };
///     let mut run = request.claim()?.begin(Squares { wanted: 4, done: 0 })?;
///     while run.journal().done < run.journal().wanted.min(stop_after) {
///         let n = run.journal().done;
///         write_atomic(&run.folder().join(n.to_string()), (n * n).to_string().as_bytes())?;
///         run.keep(|squares| squares.done += 1)?;
///     }
///     if stop_after < 4 { Ok(()) } else { run.publish_as_is() }
/// }
/// # fn main() -> Result<()> {
/// # let folder = tempfile::tempdir().expect("a temporary folder");
/// # let out = folder.path().join("out");
///
/// write_squares(&out, Overwrite::Never, 2)?;
/// assert!(!out.exists());
/// write_squares(&out, Overwrite::Resume, 4)?;
/// assert_eq!(std::fs::read_to_string(out.join("3")).expect("written"), "9");
/// # assert_eq!(std::fs::read_dir(&out).expect("a folder").count(), 4);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RunFolder<J> {
    staged: StagedOutput,
    journal: J,
    is_resumed: bool,
}

impl OutputClaim {
    /// Begins a run in an empty folder, or resumes an unfinished one with the same request.
    ///
    /// # Errors
    ///
    /// [`OutputError::ResumeMismatch`] names what was asked for differently, [`OutputError::Journal`] a journal that is
    /// damaged; or a system error. Unfinished work then stays as it was.
    pub fn begin<J: RunJournal>(mut self, asked: J) -> Result<RunFolder<J>> {
        let is_resumed = self.overwrite() == Overwrite::Resume;
        let journal = if is_resumed {
            journal::read(&asked, self.staged.folder())?
        } else {
            self.staged.held.clear()?;
            asked
        };
        Ok(RunFolder {
            staged: self.staged,
            journal,
            is_resumed,
        })
    }
}

impl<J: RunJournal> RunFolder<J> {
    /// The folder in which the output grows.
    pub fn folder(&self) -> &Path {
        self.staged.folder()
    }

    /// The journal.
    pub fn journal(&self) -> &J {
        &self.journal
    }

    /// The journal, mutable; changes reach the disk at the next [`record`](Self::record).
    pub fn journal_mut(&mut self) -> &mut J {
        &mut self.journal
    }

    /// Whether this run resumes an unfinished one.
    pub fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    /// Changes the journal, also on the disk. Before the first record there is nothing to resume.
    ///
    /// # Errors
    ///
    /// A system error.
    pub fn record(&mut self, change: impl FnOnce(&mut J)) -> Result<()> {
        change(&mut self.journal);
        journal::write(&self.journal, self.staged.folder())
    }

    /// [Records](Self::record) work that is worth resuming: it outlives this value.
    ///
    /// # Errors
    ///
    /// A system error; the folder then stays all the same, and its journal says what was done before.
    pub fn keep(&mut self, change: impl FnOnce(&mut J)) -> Result<()> {
        // Before the record: a reader of the record may end this process and resume its work.
        self.staged.held.keep();
        self.record(change)
    }

    /// Removes a file or folder of the staging folder, if it exists.
    ///
    /// # Errors
    ///
    /// A system error.
    pub fn remove(&self, name: &str) -> Result<()> {
        self.staged.remove(name)
    }

    /// Continues after a success. After an error that `may_pass`, kept work stays, to be resumed; after any other, a
    /// resumed run would end in the same error, so everything is removed.
    ///
    /// # Errors
    ///
    /// The error given, or a system error.
    pub fn settle<T, E: From<DataError>>(
        self,
        result: Result<T, E>,
        may_pass: impl FnOnce(&E) -> bool,
    ) -> Result<(Self, T), E> {
        match result {
            Ok(value) => Ok((self, value)),
            Err(error) if may_pass(&error) => Err(error),
            Err(error) => {
                self.staged.held.discard()?;
                Err(error)
            }
        }
    }

    /// Has `rename` move the folder to the path that it is given, and removes earlier output afterwards.
    ///
    /// # Errors
    ///
    /// Those of [`StagedOutput::publish`].
    pub fn publish(self, rename: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        // The journal is removed last: after an interruption before this point it is needed to resume.
        self.staged.publish_then(rename, remove_journal)
    }

    /// Moves the whole folder to the output; see [`publish`](Self::publish).
    ///
    /// # Errors
    ///
    /// Those of [`StagedOutput::publish`].
    pub fn publish_as_is(self) -> Result<()> {
        self.staged.publish_as_is_then(remove_journal)
    }

    /// Has `rename` move a part of the folder to the path that it is given, and removes the rest.
    ///
    /// # Errors
    ///
    /// Those of [`StagedOutput::publish`].
    pub fn publish_part(self, rename: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        self.staged.publish_part(rename)
    }
}

fn remove_journal(out: &Path) -> Result<()> {
    let path = out.join(JOURNAL_FILE);
    std::fs::remove_file(&path).during("remove", &path)
}
