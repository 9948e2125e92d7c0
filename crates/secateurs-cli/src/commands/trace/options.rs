//! The command line of `secateurs trace`.

use std::path::PathBuf;

use clap::{Args, value_parser};
use secateurs::{TraceConfig, TraceSource};

use crate::options::engine::{EngineArgs, UnusableLevel};
use crate::options::raw::RawArgs;
use crate::options::show::ShowArgs;

const TRACE_EXAMPLES: &str = "\
A trace is a prompt and its continuation by the model, as tokens. A model that reasons is pruned best when it is calibrated on
its own traces, rather than on prompts or general text alone (RAC, arXiv 2509.12464): it then makes fewer errors while it writes.

A file of prompts is .jsonl with an object on every line, or plain text with a prompt on every line. A model with a chat
template gets the prompt as the message of a user. --raw gives the prompt as it is, after the start token if the tokenizer puts
one before a text; --no-start-token leaves that out. The sampled text depends only on --seed, the
prompt and the number of the sample, not on --batch.

Examples:
  # let the dense model continue 400 prompts of GSM8K, then prune it on the traces
  secateurs trace ./model --prompts train.jsonl --limit 400 -n 2048 -o traces.jsonl
  secateurs prune ./model -m sparsegpt -s 0.5 -c traces.jsonl --calibration-tokens 100000 -o pruned

  # take the solutions of the file instead of sampling (off-policy)
  secateurs trace ./model --prompts train.jsonl --solutions-field answer -o solutions.jsonl

  # how well, and how long, does the pruned model answer?
  secateurs trace pruned --prompts test.jsonl --answer-field answer --limit 100 -o answers.jsonl --json

  # how far is it from the dense model, on prompts that were not used for calibration?
  secateurs trace ./model --prompts test.jsonl --limit 100 -o held-out.jsonl
  secateurs eval pruned --traces held-out.jsonl --against ./model

  # go on after an interruption; finished traces are in traces.jsonl.partial
  secateurs trace ./model --prompts train.jsonl --limit 400 -n 2048 -o traces.jsonl --resume
";

/// Lets a model continue the prompts of a file, for calibration and for measurements
#[derive(Debug, Args)]
#[command(after_help = TRACE_EXAMPLES)]
pub(crate) struct TraceArgs {
    /// Hugging Face folder, dense or packed, or GGUF file
    pub(super) model: PathBuf,
    /// File of prompts: .jsonl, or text with a prompt on every line
    #[arg(long, value_name = "FILE")]
    pub(super) prompts: PathBuf,
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    pub(super) out: PathBuf,
    /// Field of .jsonl that holds the prompt [default: question, problem, prompt or context]
    #[arg(long, value_name = "NAME", help_heading = "Prompts")]
    pub(super) field: Option<String>,
    /// System message before the prompt
    #[arg(long, value_name = "TEXT", help_heading = "Prompts")]
    pub(super) system: Option<String>,
    #[command(flatten, next_help_heading = "Prompts")]
    pub(super) raw: RawArgs,
    /// Skip the first COUNT prompts
    #[arg(long, value_name = "COUNT", default_value_t = 0, help_heading = "Prompts")]
    pub(super) skip: u32,
    /// Read only COUNT prompts [default: all]
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u32).range(1..), help_heading = "Prompts")]
    pub(super) limit: Option<u32>,
    /// Largest number of tokens in a continuation
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 1024, value_parser = value_parser!(u32).range(1..))]
    pub(super) max_tokens: u32,
    /// Take continuations from this field of .jsonl instead of sampling
    #[arg(long, value_name = "NAME", conflicts_with_all = ["temperature", "top_p", "top_k", "seed", "samples", "batch"])]
    pub(super) solutions_field: Option<String>,
    /// Compare the last number of a continuation with the last number in this field of .jsonl
    #[arg(long, value_name = "NAME")]
    pub(super) answer_field: Option<String>,
    #[command(flatten)]
    pub(super) sampling: SamplingArgs,
    #[command(flatten)]
    pub(super) engine: EngineArgs,
    /// Continuations sampled together, up to 16
    #[arg(long, value_name = "COUNT", default_value_t = 16, value_parser = value_parser!(u8).range(1..=16), help_heading = "Running")]
    pub(super) batch: u8,
    /// Go on with an interrupted run; everything else must be as it was
    #[arg(long, conflicts_with = "force", help_heading = "Running")]
    pub(super) resume: bool,
    /// Replace an earlier output and unfinished work
    #[arg(long, help_heading = "Running")]
    pub(super) force: bool,
    #[command(flatten, next_help_heading = "Running")]
    pub(super) show: ShowArgs,
}

/// Options of the sampler.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sampling")]
pub(super) struct SamplingArgs {
    /// Divide logits by X; with 0 the most likely token is always taken
    #[arg(long, value_name = "X", default_value_t = 0.6, allow_negative_numbers = true)]
    pub(super) temperature: f64,
    /// Sample only from the most likely tokens whose probabilities add up to X
    #[arg(long, value_name = "X", default_value_t = 0.95, allow_negative_numbers = true)]
    pub(super) top_p: f64,
    /// Sample only from the COUNT most likely tokens; 0 for all
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub(super) top_k: u32,
    /// Seed of the sampler
    #[arg(long, value_name = "NUMBER", default_value_t = 42)]
    pub(super) seed: u64,
    /// Continuations of every prompt
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
