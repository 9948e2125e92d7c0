//! A file of traces while it grows.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use secateurs_data::{DataError, rename_durably};
use serde::Serialize;

use crate::Error;
use crate::job::{Overwrite, remove_dir, staging_path};
use crate::lines::{LineProblem, Lines, failed};
use crate::trace::{Trace, TraceHeader, TraceReader, is_trace_file};

/// Appends traces to a file beside the output, which becomes the output when all are there.
#[derive(Debug)]
pub(crate) struct TraceWriter {
    path: PathBuf,
    file: File,
    tally: Tally,
}

/// What a file of traces holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub traces: usize,
    pub prompt_tokens: usize,
    pub new_tokens: usize,
    pub n_limited: usize,
}

impl Tally {
    fn add(&mut self, trace: &Trace) {
        self.traces += 1;
        self.prompt_tokens += trace.prompt_tokens.len();
        self.new_tokens += trace.new_tokens.len();
        self.n_limited += usize::from(trace.stop.is_limit());
    }
}

impl TraceWriter {
    /// Refuses output that is there and not to be replaced, before any work is done.
    pub(crate) fn check_output(out: &Path, inputs: &[&Path], overwrite: Overwrite) -> Result<(), Error> {
        let path = out.to_owned();
        let is_input = |place: PathBuf| {
            inputs
                .iter()
                .any(|input| input.canonicalize().is_ok_and(|i| i == place))
        };
        if out.canonicalize().is_ok_and(is_input) {
            return Err(Error::OutputIsInput { path });
        }
        if out.exists() && overwrite != Overwrite::Force {
            return Err(Error::OutputExists { path });
        }
        // Force replaces traces, but not whatever file a slip of the keyboard names.
        if out.exists() && !is_trace_file(out) {
            return Err(Error::NotTraces { path });
        }
        let staging = staging_path(out);
        match (staging.exists(), overwrite) {
            (true, Overwrite::Never) => Err(Error::UnfinishedRun { path: staging }),
            (false, Overwrite::Resume) => Err(Error::NothingToResume { path: staging }),
            _ => Ok(()),
        }
    }

    /// Begins a file, or goes on with that of an unfinished run of the same header: traces that are whole are kept, a last
    /// one that breaks off is dropped.
    pub(crate) fn begin(
        out: &Path,
        header: &TraceHeader,
        vocab_size: usize,
        overwrite: Overwrite,
    ) -> Result<Self, Error> {
        let path = staging_path(out);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path);
        let file = file.map_err(|source| failed("create", &path, source))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(DataError::StagingInUse { path }.into()),
            // Some file systems have no locks; one process at a time is then up to the user.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let mut writer = Self {
            path,
            file,
            tally: Tally::default(),
        };
        let kept = match overwrite {
            Overwrite::Resume => writer.recover(header, vocab_size)?,
            Overwrite::Never | Overwrite::Force => 0,
        };
        writer.cut(kept)?;
        if kept == 0 {
            writer.write(&[header])?;
        }
        Ok(writer)
    }

    /// Traces written so far, those of an earlier run included.
    pub(crate) fn n_traces(&self) -> usize {
        self.tally.traces
    }

    /// Appends traces; they are on the disk when this returns.
    pub(crate) fn append(&mut self, traces: &[Trace]) -> Result<(), Error> {
        self.write(traces)?;
        traces.iter().for_each(|trace| self.tally.add(trace));
        Ok(())
    }

    /// Removes the file if there is nothing in it to go on from.
    pub(crate) fn abandon_if_empty(self) -> Result<(), Error> {
        let Self { path, file, tally } = self;
        drop(file);
        if tally.traces == 0 { remove_dir(&path) } else { Ok(()) }
    }

    /// Moves the file to its place.
    pub(crate) fn finish(self, out: &Path) -> Result<Tally, Error> {
        self.file
            .sync_all()
            .map_err(|source| failed("sync", &self.path, source))?;
        rename_durably(&self.path, out)?;
        Ok(self.tally)
    }

    /// Bytes of the header and of the whole traces of an unfinished run; 0 if not even the header is whole.
    fn recover(&mut self, header: &TraceHeader, vocab_size: usize) -> Result<u64, Error> {
        if !matches!(Lines::open(&self.path)?.next_bytes()?, Some((_, true))) {
            return Ok(0);
        }
        let mut reader = TraceReader::open(&self.path, vocab_size)?;
        if let Some(what) = header.difference(reader.header()) {
            return Err(Error::ResumeMismatch {
                path: self.path.clone(),
                what,
            });
        }
        while let Some(trace) = reader.next_complete()? {
            let (expected, got) = (header.place(self.tally.traces), (trace.prompt, trace.sample));
            if expected != got {
                return Err(reader.error(LineProblem::OutOfOrder { expected, got }));
            }
            self.tally.add(&trace);
        }
        Ok(reader.complete_bytes())
    }

    fn cut(&mut self, length: u64) -> Result<(), Error> {
        let cut = self
            .file
            .set_len(length)
            .and_then(|()| self.file.seek(SeekFrom::End(0)));
        cut.map(|_| ()).map_err(|source| failed("cut", &self.path, source))
    }

    /// Writes one line for each value.
    fn write<T: Serialize>(&mut self, values: &[T]) -> Result<(), Error> {
        let mut bytes = Vec::new();
        for value in values {
            serde_json::to_writer(&mut bytes, value).map_err(Error::Json)?;
            bytes.push(b'\n');
        }
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
        written.map_err(|source| failed("write", &self.path, source))
    }
}
