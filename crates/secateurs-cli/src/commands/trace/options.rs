//! The command line of `secateurs trace`.

use std::path::PathBuf;

use clap::{Args, value_parser};
use secateurs::{TraceConfig, TraceSource};

use crate::options::engine::{EngineArgs, UnusableLevel};
use crate::options::raw::RawArgs;
use crate::options::show::ShowArgs;

const TRACE_EXAMPLES: &str = "\
Example, on the model of the repository:
  printf 'It is a truth\\nShe said that\\n' > prompts.txt
  secateurs trace fixtures/llama-austen --raw \\
    --prompts prompts.txt -n 20 -o traces.jsonl

Traces of 400 prompts of GSM8K, then pruning on them:
  secateurs trace MODEL --prompts train.jsonl --limit 400 \\
    -n 2048 -o traces.jsonl
  secateurs prune MODEL -m sparsegpt -s 0.5 \\
    -c traces.jsonl --calibration-tokens 100000 -o pruned

Right answers of the pruned model, and tokens per answer:
  secateurs trace pruned --prompts test.jsonl --limit 100 \\
    --answer-field answer -o answers.jsonl --json

Distance from the dense model on prompts not calibrated on:
  secateurs trace MODEL --prompts test.jsonl --limit 100 \\
    -o held-out.jsonl
  secateurs eval pruned --traces held-out.jsonl \\
    --against MODEL

Solutions of the file instead of sampled ones:
  secateurs trace MODEL --prompts train.jsonl \\
    --solutions-field answer -o solutions.jsonl
";

/// Samples continuations of prompts, to calibrate or to measure on
///
/// A trace is a prompt and the model's own continuation, both as tokens. A model that reasons loses least when it is pruned on
/// its own traces rather than on general text (RAC, arXiv 2509.12464).
///
/// The output is one JSON line per trace, after a first line that says how they were made. Finished traces are kept in
/// OUT.partial, for --resume. A sample depends on --seed, its prompt and its number alone, not on --batch.
///
/// A model with a chat template gets the prompt as a user's message. With --raw it gets the prompt itself, after the start
/// token (BOS) if the tokenizer asks for one.
#[derive(Debug, Args)]
#[command(after_help = TRACE_EXAMPLES)]
pub(crate) struct TraceArgs {
    /// Hugging Face folder, packed folder, or GGUF file
    pub(super) model: PathBuf,
    /// File of prompts: one on each line, or one JSON object on each line of a .jsonl file
    #[arg(long, value_name = "FILE")]
    pub(super) prompts: PathBuf,
    /// File to write (JSON lines); must not exist
    #[arg(short, long, value_name = "FILE")]
    pub(super) out: PathBuf,
    /// JSON field with the prompt [default: question, problem, prompt or context]
    #[arg(long, value_name = "NAME", help_heading = "Prompts")]
    pub(super) field: Option<String>,
    /// System message before the prompt
    #[arg(long, value_name = "TEXT", help_heading = "Prompts")]
    pub(super) system: Option<String>,
    #[command(flatten, next_help_heading = "Prompts")]
    pub(super) raw: RawArgs,
    /// Number of prompts to skip
    #[arg(long, value_name = "COUNT", default_value_t = 0, help_heading = "Prompts")]
    pub(super) skip: u32,
    /// Number of prompts to read [default: all]
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u32).range(1..), help_heading = "Prompts")]
    pub(super) limit: Option<u32>,
    /// Maximum number of new tokens in each continuation
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 1024, value_parser = value_parser!(u32).range(1..))]
    pub(super) max_tokens: u32,
    /// JSON field with continuations to take instead of sampling
    #[arg(long, value_name = "NAME", conflicts_with_all = ["temperature", "top_p", "top_k", "seed", "samples", "batch"])]
    pub(super) solutions_field: Option<String>,
    /// JSON field with the right answer: its last number is compared with the continuation's last number
    #[arg(long, value_name = "NAME")]
    pub(super) answer_field: Option<String>,
    #[command(flatten)]
    pub(super) sampling: SamplingArgs,
    #[command(flatten)]
    pub(super) engine: EngineArgs,
    /// Number of continuations sampled together, at most 16
    #[arg(long, value_name = "COUNT", default_value_t = 16, value_parser = value_parser!(u8).range(1..=16), help_heading = "Running")]
    pub(super) batch: u8,
    /// Continue an interrupted run; all other options must be the same
    #[arg(long, conflicts_with = "force", help_heading = "Running")]
    pub(super) resume: bool,
    /// Replace an earlier output, and discard unfinished work
    #[arg(long, help_heading = "Running")]
    pub(super) force: bool,
    #[command(flatten, next_help_heading = "Running")]
    pub(super) show: ShowArgs,
}

/// Options of the sampler.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sampling")]
pub(super) struct SamplingArgs {
    /// Sampling temperature; 0 always takes the most likely token
    #[arg(long, value_name = "X", default_value_t = 0.6, allow_negative_numbers = true)]
    pub(super) temperature: f64,
    /// Sample from the most likely tokens only, until their probabilities add up to X
    #[arg(long, value_name = "X", default_value_t = 0.95, allow_negative_numbers = true)]
    pub(super) top_p: f64,
    /// Sample from the COUNT most likely tokens only; 0 for all
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub(super) top_k: u32,
    /// Seed of the sampler
    #[arg(long, value_name = "NUMBER", default_value_t = 42)]
    pub(super) seed: u64,
    /// Number of continuations of each prompt
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = value_parser!(u32).range(1..))]
    pub(super) samples: u32,
}

impl TraceArgs {
    /// The treatment of the prompts that the command line asks for.
    pub(super) fn config(&self) -> Result<TraceConfig, UnusableLevel> {
        let max_new_tokens = self.max_tokens as usize;
        let source = match self.solutions_field.clone() {
            Some(field) => TraceSource::Given { field, max_new_tokens },
            None => TraceSource::Sampled {
                temperature: self.sampling.temperature,
                top_p: self.sampling.top_p,
                top_k: self.sampling.top_k as usize,
                seed: self.sampling.seed,
                max_new_tokens,
                samples: self.sampling.samples as usize,
            },
        };
        Ok(TraceConfig {
            style: self.raw.style(self.system.as_deref()),
            skip: self.skip as usize,
            limit: self.limit.map(|limit| limit as usize),
            source,
            batch: self.batch.into(),
            engine: self.engine.config()?,
            dense: self.engine.dense(),
            cache: self.engine.cache(),
        })
    }
}
