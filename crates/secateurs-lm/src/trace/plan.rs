//! The course of a run that makes traces, prompt by prompt.

use std::time::Instant;

use secateurs_data::Checkpoint;
use secateurs_models::ModelShape;
use secateurs_runtime::{Generation, Sampling, SeededPrompt};

use crate::text::error::LineProblem;
use crate::text::generator::{Completion, TextGenerator};
use crate::text::prompt_encoder::{PromptEncoder, PromptStyle};
use crate::trace::error::TraceError;
use crate::trace::format::{PromptSelection, Trace, TraceHeader, TraceSource, TraceStop};
use crate::trace::request::{TraceJob, TraceProgress};
use crate::trace::writer::TraceWriter;

/// Number of given continuations that are written at a time.
const GIVEN: usize = 512;

/// A prompt that is ready to be continued.
struct Prepared {
    /// Index in the file.
    index: usize,
    text: String,
    tokens: Vec<u32>,
}

/// Number of tokens sampled, and the seconds that they took.
#[derive(Default)]
pub(crate) struct Sampled {
    pub(crate) tokens: usize,
    pub(crate) seconds: f64,
}

/// All inputs of the run, prepared before the first token.
pub(crate) struct TracePlan {
    pub(crate) header: TraceHeader,
    prompts: Vec<Prepared>,
    encoder: PromptEncoder,
    pub(crate) vocab_size: usize,
    max_positions: usize,
}

impl TracePlan {
    /// Reads and encodes the prompts; the first unusable one is an error.
    pub(crate) fn new(job: &TraceJob<'_>, checkpoint: &Checkpoint) -> Result<Self, TraceError> {
        // Given continuations need no weights.
        let shape = match sampling(&job.config.source) {
            Some(_) => ModelShape::open(checkpoint)?,
            None => ModelShape::describe(checkpoint)?,
        };
        if sampling(&job.config.source).is_some() {
            shape.check_dense("sampling")?;
        }
        let encoder = PromptEncoder::load(checkpoint)?;
        let config = job.config;
        let style = encoder.resolve(config.style.clone());
        let prompts = prepare(job, &encoder, &style, shape.max_positions)?;
        let selection = PromptSelection {
            sha256: job.prompts.sha256().to_owned(),
            field: job.prompts.field().map(str::to_owned),
            skip: config.skip,
            limit: config.limit,
            style,
        };
        let is_sampled = matches!(config.source, TraceSource::Sampled { .. });
        let numbers = is_sampled.then(|| format!("{} weights, {:?} cache", config.dense, config.cache).to_lowercase());
        Ok(Self {
            header: TraceHeader::new(checkpoint.fingerprint()?, selection, config.source.clone(), numbers),
            prompts,
            encoder,
            vocab_size: shape.vocab_size,
            max_positions: shape.max_positions,
        })
    }

    /// Number of all traces.
    fn len(&self) -> usize {
        self.prompts.len() * self.header.source.samples()
    }

    /// The prompt and the sample index of a trace.
    fn place(&self, trace: usize) -> (&Prepared, usize) {
        let samples = self.header.source.samples();
        (&self.prompts[trace / samples], trace % samples)
    }

    /// Makes the missing traces.
    pub(crate) fn run(
        &self,
        job: &TraceJob<'_>,
        checkpoint: &Checkpoint,
        writer: &mut TraceWriter,
        listener: &mut dyn FnMut(TraceProgress),
    ) -> Result<Sampled, TraceError> {
        let missing: Vec<usize> = (writer.n_traces()..self.len()).collect();
        listener(self.progress(writer, 0));
        let Some(sampling) = sampling(&job.config.source).filter(|_| !missing.is_empty()) else {
            for batch in missing.chunks(GIVEN) {
                let given = batch.iter().map(|trace| self.read_given(job, *trace));
                writer.append(&given.collect::<Result<Vec<_>, _>>()?)?;
                listener(self.progress(writer, 0));
            }
            return Ok(Sampled::default());
        };
        let generator = TextGenerator::load(checkpoint, job.config.dense, job.config.engine)?;
        let started = Instant::now();
        let mut tokens = 0;
        for batch in missing.chunks(job.config.batch) {
            let traces = self.sample(job, &generator, sampling, batch)?;
            tokens += traces.iter().map(|trace| trace.new_tokens.len()).sum::<usize>();
            writer.append(&traces)?;
            listener(self.progress(writer, tokens));
        }
        let seconds = started.elapsed().as_secs_f64();
        Ok(Sampled { tokens, seconds })
    }

    fn progress(&self, writer: &TraceWriter, new_tokens: usize) -> TraceProgress {
        TraceProgress {
            done: writer.n_traces(),
            total: self.len(),
            new_tokens,
        }
    }

    fn sample(
        &self,
        job: &TraceJob<'_>,
        generator: &TextGenerator,
        sampling: Sampling,
        batch: &[usize],
    ) -> Result<Vec<Trace>, TraceError> {
        let seeded = batch.iter().map(|trace| {
            let (prompt, sample) = self.place(*trace);
            SeededPrompt {
                tokens: prompt.tokens.clone(),
                seed: seed_of(sampling.seed, prompt.index, sample),
            }
        });
        let generation = Generation {
            max_tokens: self.max_new_tokens(),
            sampling,
            end_tokens: Vec::new(),
            cache: job.config.cache,
        };
        let completions = generator.complete_seeded(&seeded.collect::<Vec<_>>(), &generation, &mut |_, _| {})?;
        let traces = batch.iter().zip(completions);
        Ok(traces
            .map(|(trace, completion)| {
                let Completion { text, tokens, stop, .. } = completion;
                self.trace(*trace, tokens, text, stop.into())
            })
            .collect())
    }

    /// The trace of a continuation that is given beside its prompt.
    fn read_given(&self, job: &TraceJob<'_>, trace: usize) -> Result<Trace, TraceError> {
        let TraceSource::Given { field, .. } = &self.header.source else {
            unreachable!("only given continuations are taken");
        };
        let prompt = self.place(trace).0;
        let mut text = job.prompts.other_field(prompt.index, field)?;
        let tokenizer = self.encoder.tokenizer();
        let mut tokens = tokenizer.encode(&text)?;
        let room = self.max_positions - prompt.tokens.len();
        let (most, limit) = if room < self.max_new_tokens() {
            (room, TraceStop::ContextFull)
        } else {
            (self.max_new_tokens(), TraceStop::MaxTokens)
        };
        let stop = if tokens.len() > most { limit } else { TraceStop::End };
        if stop.is_limit() {
            tokens.truncate(most);
            text = tokenizer.decode(&tokens)?;
        }
        Ok(self.trace(trace, tokens, text, stop))
    }

    fn trace(&self, trace: usize, new_tokens: Vec<u32>, text: String, stop: TraceStop) -> Trace {
        let (prompt, sample) = self.place(trace);
        Trace {
            prompt: prompt.index,
            sample,
            prompt_text: prompt.text.clone(),
            prompt_tokens: prompt.tokens.clone(),
            new_tokens,
            text,
            stop,
        }
    }

    fn max_new_tokens(&self) -> usize {
        match self.header.source {
            TraceSource::Sampled { max_new_tokens, .. } | TraceSource::Given { max_new_tokens, .. } => max_new_tokens,
        }
    }
}

fn check_length(n_tokens: usize, max_positions: usize) -> Result<(), LineProblem> {
    if n_tokens > max_positions {
        Err(LineProblem::TooManyTokens {
            n_tokens,
            max_positions,
        })
    } else {
        Ok(())
    }
}

/// The seed of one trace: hashed, so that neighbours have nothing in common.
fn seed_of(seed: u64, prompt: usize, sample: usize) -> u64 {
    [prompt as u64, sample as u64]
        .into_iter()
        .fold(mix(seed), |hash, part| mix(hash ^ part))
}

/// One step of SplitMix64.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// Settings of sampling, if tokens are sampled.
pub(crate) fn sampling(source: &TraceSource) -> Option<Sampling> {
    match *source {
        TraceSource::Sampled {
            temperature,
            top_p,
            top_k,
            seed,
            ..
        } => Some(Sampling {
            temperature,
            top_k,
            top_p,
            seed,
        }),
        TraceSource::Given { .. } => None,
    }
}

/// Encodes the chosen prompts, at least one.
fn prepare(
    job: &TraceJob<'_>,
    encoder: &PromptEncoder,
    style: &PromptStyle,
    max_positions: usize,
) -> Result<Vec<Prepared>, TraceError> {
    let (prompts, config) = (job.prompts, job.config);
    let chosen = prompts.records().iter().enumerate().skip(config.skip);
    let chosen = chosen.take(config.limit.unwrap_or(usize::MAX));
    let prepared = chosen.map(|(index, record)| {
        let encode = || {
            let tokens = encoder.encode(&record.text, style).map_err(Box::new);
            let tokens = tokens.map_err(LineProblem::Prompt)?;
            check_length(tokens.len(), max_positions)?;
            Ok(tokens)
        };
        let tokens = encode().map_err(|problem: LineProblem| problem.at(prompts.path(), record.line))?;
        let text = record.text.clone();
        Ok(Prepared { index, text, tokens })
    });
    let prepared = prepared.collect::<Result<Vec<_>, TraceError>>()?;
    if prepared.is_empty() {
        return Err(TraceError::NoPrompts {
            path: prompts.path().to_owned(),
            n_prompts: prompts.records().len(),
            skip: config.skip,
        });
    }
    Ok(prepared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_differ_by_run_prompt_and_sample() {
        let mut seeds = Vec::new();
        for seed in 0..10 {
            for prompt in 0..10 {
                seeds.extend((0..10).map(|sample| seed_of(seed, prompt, sample)));
            }
        }
        seeds.sort_unstable();
        seeds.dedup();
        assert_eq!(seeds.len(), 1000);
    }
}
