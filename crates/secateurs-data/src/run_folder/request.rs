//! Requests for outputs, and the claim of one job to an output.

use std::fs;
use std::path::Path;

use super::form::{OutputForm, Overwrite};
use super::staged::StagedOutput;
use super::target::Target;
use super::{JOURNAL_FILE, OutputError};
use crate::{HeldOutput, Leftover, Result};

/// A request for an output.
#[derive(Debug, Clone, Copy)]
pub struct OutputRequest<'a> {
    /// Path of the output.
    pub out: &'a Path,
    /// Form of the output.
    pub form: OutputForm,
    /// The files and folders that the job reads.
    pub inputs: &'a [&'a Path],
    /// Treatment of earlier output.
    pub overwrite: Overwrite,
}

impl OutputRequest<'_> {
    /// Claims the output for this job alone, without changing anything. All obstacles to the output are errors at this
    /// point.
    ///
    /// # Errors
    ///
    /// An [`OutputError`] that names the obstacle, the errors of [`HeldOutput::new`], or a system error.
    pub fn claim(&self) -> Result<OutputClaim> {
        let target = Target {
            out: self.out.to_owned(),
            form: self.form,
            overwrite: self.overwrite,
        };
        target.check_place()?;
        target.check_inputs(self.inputs)?;
        let held = HeldOutput::new(self.out, self.form.kind)?;
        target.check_existing()?;
        check_leftover(&held, self.overwrite)?;
        Ok(OutputClaim {
            staged: StagedOutput { target, held },
        })
    }
}

/// An output that this job alone may write, while its staging place still holds an earlier job's work.
///
/// A job claims its output first, then reads its inputs, and begins only when they are known to be usable, so that forcing a
/// new run does not cost the old one for nothing.
#[derive(Debug)]
pub struct OutputClaim {
    pub(super) staged: StagedOutput,
}

impl OutputClaim {
    pub(super) fn overwrite(&self) -> Overwrite {
        self.staged.target.overwrite
    }

    /// Begins a run that cannot be resumed: empties the staging place.
    ///
    /// # Errors
    ///
    /// [`OutputError::NothingToResume`] if it is to be resumed, or a system error.
    pub fn begin_once(mut self) -> Result<StagedOutput> {
        if self.overwrite() == Overwrite::Resume {
            let path = self.staged.folder().to_owned();
            return Err(OutputError::NothingToResume { path }.into());
        }
        self.staged.held.clear()?;
        Ok(self.staged)
    }
}

/// Names of journals of unfinished runs; trainings once used the second, before all runs shared one name. Such a
/// training cannot be resumed, but it may have taken hours: only force throws it away.
const JOURNALS: [&str; 2] = [JOURNAL_FILE, "training-journal.json"];

/// Refuses an earlier job's work unless the request is to resume it or to throw it away. Work that cannot be resumed is
/// no loss.
fn check_leftover(held: &HeldOutput, overwrite: Overwrite) -> Result<(), OutputError> {
    let path = held.staging().to_owned();
    let is_unfinished = match fs::metadata(&path) {
        Ok(found) if found.is_dir() => JOURNALS.iter().any(|journal| path.join(journal).is_file()),
        _ => held.leftover() == Leftover::Work,
    };
    let can_resume = is_unfinished && held.is_of_kind();
    match (held.leftover(), overwrite) {
        (Leftover::Work | Leftover::Foreign, Overwrite::Resume) if can_resume => Ok(()),
        (_, Overwrite::Resume) => Err(OutputError::NothingToResume { path }),
        (Leftover::Nothing, _) => Ok(()),
        (_, Overwrite::Never) if is_unfinished => Err(OutputError::UnfinishedRun { path }),
        (Leftover::Foreign, _) if !is_unfinished => Err(OutputError::NoUnfinishedRun { path }),
        _ => Ok(()),
    }
}
