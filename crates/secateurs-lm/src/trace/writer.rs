//! Writes a file of traces while it grows.

use std::path::Path;

use secateurs_data::{DataError, OutputClaim, OutputError, RunLines};

use crate::text::error::LineProblem;
use crate::text::lines::Lines;
use crate::trace::error::TraceError;
use crate::trace::format::{Trace, TraceHeader, TraceReader};

/// Appends traces to a file beside the output, which becomes the output when all traces are in it.
#[derive(Debug)]
pub(crate) struct TraceWriter {
    lines: RunLines,
    tally: Tally,
}

/// Statistics of a file of traces.
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

    /// Counts the whole traces of an unfinished run; returns the number of their bytes with the header's, or 0 if the
    /// header is incomplete.
    fn recover(&mut self, path: &Path, header: &TraceHeader, vocab_size: usize) -> Result<u64, TraceError> {
        if !matches!(Lines::open(path)?.next_bytes()?, Some((_, true))) {
            return Ok(0);
        }
        let mut reader = TraceReader::open(path, vocab_size)?;
        if let Some(what) = header.difference(reader.header()) {
            let path = path.to_owned();
            return Err(DataError::from(OutputError::ResumeMismatch { path, what }).into());
        }
        while let Some(trace) = reader.next_complete()? {
            let (expected, got) = (header.place(self.traces), (trace.prompt, trace.sample));
            if expected != got {
                return Err(reader.error(LineProblem::OutOfOrder { expected, got }));
            }
            self.add(&trace);
        }
        Ok(reader.complete_bytes())
    }
}

impl TraceWriter {
    /// Begins a file, or resumes the file of an unfinished run with the same header: whole traces are kept, an
    /// incomplete last one is dropped.
    pub(crate) fn begin(claim: OutputClaim, header: &TraceHeader, vocab_size: usize) -> Result<Self, TraceError> {
        let mut tally = Tally::default();
        let lines = claim.begin_lines(header, |path| tally.recover(path, header, vocab_size))?;
        Ok(Self { lines, tally })
    }

    /// Number of traces written so far, including an earlier run's.
    pub(crate) fn n_traces(&self) -> usize {
        self.tally.traces
    }

    /// Appends traces; they are on the disk when this returns.
    pub(crate) fn append(&mut self, traces: &[Trace]) -> Result<(), TraceError> {
        self.lines.append(traces)?;
        traces.iter().for_each(|trace| self.tally.add(trace));
        Ok(())
    }

    /// Statistics of the traces written so far, including an earlier run's.
    pub(crate) fn tally(&self) -> Tally {
        self.tally
    }

    /// Makes the file the output.
    pub(crate) fn publish(self) -> Result<(), TraceError> {
        Ok(self.lines.publish()?)
    }
}
