//! Makes traces: continues the prompts of a file, resumable.

use std::path::Path;
use std::time::Instant;

use secateurs_data::Checkpoint;
use secateurs_data::llama::LlamaConfig;
use secateurs_runtime::{EngineConfig, Generation, Sampler, Sampling, SeededPrompt};
use secateurs_sparse::{SMALL_BATCH, ValueType, VectorType};

use crate::Error;
use crate::job::Overwrite;
use crate::lines::LineProblem;
use crate::prompt_encoder::{PromptEncoder, PromptStyle};
use crate::prompts::PromptFile;
use crate::text::{Completion, TextGenerator};
use crate::trace::{PromptSelection, Trace, TraceHeader, TraceSource, TraceStop};
use crate::trace_writer::TraceWriter;

/// A run that makes traces.
#[derive(Debug, Clone, Copy)]
pub struct TraceJob<'a> {
    /// The model: a Hugging Face folder, dense or packed, or a GGUF file.
    pub model: &'a Path,
    /// The prompts.
    pub prompts: &'a PromptFile,
    /// The file to make.
    pub out: &'a Path,
    /// What to do.
    pub config: &'a TraceConfig,
    /// What to do with earlier output.
    pub overwrite: Overwrite,
}

/// What a run does with its prompts.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceConfig {
    /// How prompts are put to the model.
    pub style: PromptStyle,
    /// Prompts to pass over at the start.
    pub skip: usize,
    /// Most prompts after those.
    pub limit: Option<usize>,
    /// Where continuations are from.
    pub source: TraceSource,
    /// Continuations sampled together, at most [`SMALL_BATCH`]; they do not depend on it.
    pub batch: usize,
    /// Threads and instruction set.
    pub engine: EngineConfig,
    /// How weights are stored that a GGUF file holds quantised.
    pub dense: ValueType,
    /// How keys and values are remembered.
    pub cache: VectorType,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceProgress {
    /// Traces done, those of an earlier run included.
    pub done: usize,
    /// All traces.
    pub total: usize,
    /// Tokens that this run sampled.
    pub new_tokens: usize,
}

/// What a run made.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceOutcome {
    /// Traces in the file.
    pub traces: usize,
    /// Their prompts' tokens.
    pub prompt_tokens: usize,
    /// Their continuations' tokens.
    pub new_tokens: usize,
    /// Continuations that were cut off.
    pub n_limited: usize,
    /// Tokens that this run sampled.
    pub sampled_tokens: usize,
    /// Seconds that it sampled, reading of prompts included and loading excluded.
    pub sampling_seconds: f64,
    /// Seconds of the whole run.
    pub seconds: f64,
}

impl TraceOutcome {
    /// Tokens of a continuation on average.
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
/// Finished batches are appended to `OUT.partial` at once; [`Overwrite::Resume`] goes on from there and ends with the same
/// bytes as a run that was never interrupted, whatever the batches. The output appears by a rename, whole or not at all.
///
/// # Errors
///
/// If an input cannot be used, sampling fails, or the output cannot be written. Unless no trace was finished, `OUT.partial`
/// stays, to be resumed.
///
/// # References
///
/// Phase I of RAC (arXiv 2509.12464): the dense model continues the prompts that calibrate.
/// **Deviates:** the tokens are kept as they were sampled, where the reference code decodes and encodes them again, which
/// may give others; every sample of a prompt counts, where it keeps the first only.
pub fn trace_prompts(job: &TraceJob<'_>, listener: &mut dyn FnMut(TraceProgress)) -> Result<TraceOutcome, Error> {
    let started = Instant::now();
    let inputs = [job.model, job.prompts.path()];
    TraceWriter::check_output(job.out, &inputs, job.overwrite)?;
    check(job.config)?;
    let checkpoint = Checkpoint::open(job.model)?;
    let plan = Plan::new(job, &checkpoint)?;
    let mut writer = TraceWriter::begin(job.out, &plan.header, plan.vocab_size, job.overwrite)?;
    let sampled = match plan.run(job, &checkpoint, &mut writer, listener) {
        Ok(sampled) => sampled,
        Err(error) => {
            writer.abandon_if_empty()?;
            return Err(error);
        }
    };
    let tally = writer.finish(job.out)?;
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

/// What can be known to be wrong before a model is loaded.
fn check(config: &TraceConfig) -> Result<(), Error> {
    if !(1..=SMALL_BATCH).contains(&config.batch) {
        return Err(Error::Batch {
            got: config.batch,
            max: SMALL_BATCH,
        });
    }
    if let Some(sampling) = sampling(&config.source) {
        Sampler::new(sampling)?;
    }
    Ok(())
}

fn sampling(source: &TraceSource) -> Option<Sampling> {
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

/// A prompt that is ready to be continued.
struct Prepared {
    /// Index in the file.
    index: usize,
    text: String,
    tokens: Vec<u32>,
}

/// Tokens sampled and the seconds it took.
#[derive(Default)]
struct Sampled {
    tokens: usize,
    seconds: f64,
}

/// Everything that is known before the first token.
struct Plan {
    header: TraceHeader,
    prompts: Vec<Prepared>,
    encoder: PromptEncoder,
    vocab_size: usize,
    max_positions: usize,
}

impl Plan {
    fn new(job: &TraceJob<'_>, checkpoint: &Checkpoint) -> Result<Self, Error> {
        let llama = LlamaConfig::from_json(checkpoint.config())?;
        let encoder = PromptEncoder::load(checkpoint)?;
        let config = job.config;
        let style = encoder.resolve(config.style.clone());
        let records = job.prompts.records();
        let chosen = records.iter().enumerate().skip(config.skip);
        let chosen = chosen.take(config.limit.unwrap_or(usize::MAX));
        let prompts = chosen.map(|(index, record)| {
            let encode = || {
                let tokens = encoder.encode(&record.text, &style).map_err(Box::new);
                let tokens = tokens.map_err(LineProblem::Prompt)?;
                check_length(tokens.len(), llama.max_positions)?;
                Ok(tokens)
            };
            let tokens = encode().map_err(|problem: LineProblem| problem.at(job.prompts.path(), record.line))?;
            Ok(Prepared {
                index,
                text: record.text.clone(),
                tokens,
            })
        });
        let prompts = prompts.collect::<Result<Vec<_>, Error>>()?;
        if prompts.is_empty() {
            return Err(Error::NoPrompts {
                path: job.prompts.path().to_owned(),
                n_prompts: records.len(),
                skip: config.skip,
            });
        }
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
            vocab_size: llama.vocab_size,
            max_positions: llama.max_positions,
        })
    }

    /// Number of all traces.
    fn len(&self) -> usize {
        self.prompts.len() * self.header.source.samples()
    }

    /// The prompt and the sample of a trace.
    fn place(&self, trace: usize) -> (&Prepared, usize) {
        let samples = self.header.source.samples();
        (&self.prompts[trace / samples], trace % samples)
    }

    /// Makes the traces that are not there yet.
    fn run(
        &self,
        job: &TraceJob<'_>,
        checkpoint: &Checkpoint,
        writer: &mut TraceWriter,
        listener: &mut dyn FnMut(TraceProgress),
    ) -> Result<Sampled, Error> {
        let total = self.len();
        let mut sampled = Sampled::default();
        let missing: Vec<usize> = (writer.n_traces()..total).collect();
        listener(TraceProgress {
            done: writer.n_traces(),
            total,
            new_tokens: 0,
        });
        let Some(sampling) = sampling(&job.config.source).filter(|_| !missing.is_empty()) else {
            for batch in missing.chunks(GIVEN) {
                let given = batch.iter().map(|trace| self.given(job, *trace));
                writer.append(&given.collect::<Result<Vec<_>, _>>()?)?;
                listener(TraceProgress {
                    done: writer.n_traces(),
                    total,
                    new_tokens: 0,
                });
            }
            return Ok(sampled);
        };
        let generator = TextGenerator::load(checkpoint, job.config.dense, job.config.engine)?;
        let started = Instant::now();
        for batch in missing.chunks(job.config.batch) {
            let traces = self.sample(job, &generator, sampling, batch)?;
            sampled.tokens += traces.iter().map(|trace| trace.new_tokens.len()).sum::<usize>();
            writer.append(&traces)?;
            listener(TraceProgress {
                done: writer.n_traces(),
                total,
                new_tokens: sampled.tokens,
            });
        }
        sampled.seconds = started.elapsed().as_secs_f64();
        Ok(sampled)
    }

    fn sample(
        &self,
        job: &TraceJob<'_>,
        generator: &TextGenerator,
        sampling: Sampling,
        batch: &[usize],
    ) -> Result<Vec<Trace>, Error> {
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

    /// The trace of a continuation that stands beside its prompt.
    fn given(&self, job: &TraceJob<'_>, trace: usize) -> Result<Trace, Error> {
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

/// Given continuations that are written at a time.
const GIVEN: usize = 512;

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
