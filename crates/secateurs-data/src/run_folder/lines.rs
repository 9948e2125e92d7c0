//! Files of JSON lines that grow and can be resumed after an interruption.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use serde::Serialize;

use super::{OutputClaim, Overwrite, StagedOutput};
use crate::error::IoContext;
use crate::{DataError, Result};

/// A file of JSON lines that grows in its staging place: first the request, then the results.
#[derive(Debug)]
pub struct RunLines {
    staged: StagedOutput,
    file: File,
}

impl OutputClaim {
    /// Begins a file of JSON lines with `header`, or resumes an unfinished run's after the bytes that `recover` finds
    /// whole; 0 begins it anew.
    ///
    /// # Errors
    ///
    /// Those of `recover`, or a system error. Unfinished work then stays as it was.
    pub fn begin_lines<E: From<DataError>>(
        mut self,
        header: &impl Serialize,
        recover: impl FnOnce(&Path) -> Result<u64, E>,
    ) -> Result<RunLines, E> {
        let is_resumed = self.overwrite() == Overwrite::Resume;
        if !is_resumed {
            self.staged.held.clear()?;
        }
        let whole = if is_resumed { recover(self.staged.folder())? } else { 0 };
        let mut lines = RunLines {
            file: self.staged.held.open_file()?,
            staged: self.staged,
        };
        lines.cut(whole)?;
        if whole == 0 {
            lines.write(&[header])?;
        }
        Ok(lines)
    }
}

impl RunLines {
    /// Appends one line for each value; they are on the disk, to be resumed from, when this returns.
    ///
    /// # Errors
    ///
    /// A system error.
    pub fn append(&mut self, values: &[impl Serialize]) -> Result<()> {
        self.write(values)?;
        self.staged.held.keep();
        Ok(())
    }

    /// Moves the finished file to the output and replaces an earlier one.
    ///
    /// # Errors
    ///
    /// Those of [`StagedOutput::publish`].
    pub fn publish(self) -> Result<()> {
        self.file.sync_all().during("sync", self.staged.folder())?;
        self.staged.publish_as_is()
    }

    fn cut(&mut self, length: u64) -> Result<()> {
        let cut = self
            .file
            .set_len(length)
            .and_then(|()| self.file.seek(SeekFrom::End(0)));
        cut.map(drop).during("cut", self.staged.folder())
    }

    fn write(&mut self, values: &[impl Serialize]) -> Result<()> {
        let mut bytes = Vec::new();
        let written = values.iter().try_for_each(|value| {
            serde_json::to_writer(&mut bytes, value)?;
            bytes.push(b'\n');
            Ok(())
        });
        written
            .and_then(|()| self.file.write_all(&bytes))
            .and_then(|()| self.file.sync_data())
            .during("write", self.staged.folder())
    }
}
