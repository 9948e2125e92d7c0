//! Makes traces: continues the prompts of a file, resumable.

use std::time::Instant;

use secateurs_data::{Checkpoint, OutputForm, OutputKind, OutputRequest};
use secateurs_runtime::Sampler;
use secateurs_sparse::SMALL_BATCH;

use crate::trace::error::TraceError;
use crate::trace::format::is_trace_file;
use crate::trace::plan::{TracePlan, sampling};
use crate::trace::request::{TraceConfig, TraceJob, TraceProgress};
use crate::trace::writer::TraceWriter;

/// The result of a run that makes traces.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceOutcome {
    /// Number of traces in the file.
    pub traces: usize,
    /// Number of tokens of the prompts.
    pub prompt_tokens: usize,
    /// Number of tokens of the continuations.
    pub new_tokens: usize,
    /// Number of continuations that were cut off.
    pub n_limited: usize,
    /// Number of tokens that this run sampled.
    pub sampled_tokens: usize,
    /// Seconds of sampling, including reading of prompts and excluding loading.
    pub sampling_seconds: f64,
    /// Seconds of the whole run.
    pub seconds: f64,
}

impl TraceOutcome {
    /// Mean number of tokens of a continuation.
    pub fn mean_length(&self) -> f64 {
        self.new_tokens as f64 / self.traces.max(1) as f64
    }

    /// The share of continuations that were cut off.
    pub fn limited_share(&self) -> f64 {
        self.n_limited as f64 / self.traces.max(1) as f64
    }
}

/// Continues every prompt and writes the traces to a file of JSON lines.
///
/// Finished batches are appended to `OUT.partial` at once; [`Overwrite::Resume`](secateurs_data::Overwrite::Resume)
/// resumes from there and ends with the same bytes as a run that was never interrupted, with any size of batches. The
/// output appears by a rename, whole or not at all. While the run lasts, no other job can write the same output.
///
/// # Errors
///
/// If another job writes the output, an input cannot be used, sampling fails, or the output cannot be written. Unless no trace was finished, `OUT.partial`
/// stays, to be resumed.
///
/// # References
///
/// Phase I of RAC (arXiv 2509.12464): the dense model continues the prompts that calibrate.
/// **Deviates:** the tokens are kept as they were sampled, where the reference code decodes and encodes them again, which
/// may give others; every sample of a prompt counts, where it keeps the first only.
pub fn trace_prompts(job: &TraceJob<'_>, listener: &mut dyn FnMut(TraceProgress)) -> Result<TraceOutcome, TraceError> {
    let started = Instant::now();
    check(job.config)?;
    let output = OutputRequest {
        out: job.out,
        form: TRACES,
        inputs: &[job.model, job.prompts.path()],
        overwrite: job.overwrite,
    };
    let claim = output.claim()?;
    let checkpoint = Checkpoint::open(job.model)?;
    let plan = TracePlan::new(job, &checkpoint)?;
    let mut writer = TraceWriter::begin(claim, &plan.header, plan.vocab_size)?;
    let sampled = plan.run(job, &checkpoint, &mut writer, listener)?;
    let tally = writer.tally();
    writer.publish()?;
    Ok(TraceOutcome {
        traces: tally.traces,
        prompt_tokens: tally.prompt_tokens,
        new_tokens: tally.new_tokens,
        n_limited: tally.n_limited,
        sampled_tokens: sampled.tokens,
        sampling_seconds: sampled.seconds,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// Form of the output: a file that begins as files of traces do.
const TRACES: OutputForm = OutputForm {
    kind: OutputKind::File,
    name: "file of traces",
    is_one: is_trace_file,
};

/// Refuses settings that are wrong for any model.
fn check(config: &TraceConfig) -> Result<(), TraceError> {
    if !(1..=SMALL_BATCH).contains(&config.batch) {
        return Err(TraceError::Batch {
            got: config.batch,
            max: SMALL_BATCH,
        });
    }
    if let Some(sampling) = sampling(&config.source) {
        Sampler::new(sampling)?;
    }
    Ok(())
}
