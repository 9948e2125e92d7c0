//! A file of traces while it grows.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use secateurs_data::HeldOutput;
use serde::Serialize;

use crate::Error;
use crate::run::output::Overwrite;
use crate::text::lines::{LineProblem, Lines, failed};
use crate::trace::format::{Trace, TraceHeader, TraceReader};

/// Appends traces to a file beside the output, which becomes the output when all are there.
#[derive(Debug)]
pub(crate) struct TraceWriter {
    held: HeldOutput,
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
    /// Begins a file, or goes on with that of an unfinished run of the same header: traces that are whole are kept, a last
    /// one that breaks off is dropped.
    pub(crate) fn begin(
        mut held: HeldOutput,
        header: &TraceHeader,
        vocab_size: usize,
        overwrite: Overwrite,
    ) -> Result<Self, Error> {
        if overwrite != Overwrite::Resume {
            held.clear()?;
        }
        let mut writer = Self {
            file: held.open_file()?,
            held,
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
        self.held.keep();
        traces.iter().for_each(|trace| self.tally.add(trace));
        Ok(())
    }

    /// What was written so far, by an earlier run too.
    pub(crate) fn tally(&self) -> Tally {
        self.tally
    }

    /// Makes the file durable; what is left is to move it to its place.
    pub(crate) fn close(self) -> Result<HeldOutput, Error> {
        self.file
            .sync_all()
            .map_err(|source| failed("sync", self.path(), source))?;
        Ok(self.held)
    }

    fn path(&self) -> &Path {
        self.held.staging()
    }

    /// Bytes of the header and of the whole traces of an unfinished run; 0 if not even the header is whole.
    fn recover(&mut self, header: &TraceHeader, vocab_size: usize) -> Result<u64, Error> {
        if !matches!(Lines::open(self.path())?.next_bytes()?, Some((_, true))) {
            return Ok(0);
        }
        let mut reader = TraceReader::open(self.path(), vocab_size)?;
        if let Some(what) = header.difference(reader.header()) {
            return Err(Error::ResumeMismatch {
                path: self.path().to_owned(),
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
        cut.map(|_| ()).map_err(|source| failed("cut", self.path(), source))
    }

    /// Writes one line for each value.
    fn write<T: Serialize>(&mut self, values: &[T]) -> Result<(), Error> {
        let mut bytes = Vec::new();
        for value in values {
            serde_json::to_writer(&mut bytes, value).map_err(Error::Json)?;
            bytes.push(b'\n');
        }
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
        written.map_err(|source| failed("write", self.path(), source))
    }
}
