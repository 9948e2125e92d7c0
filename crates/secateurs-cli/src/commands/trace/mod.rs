//! `secateurs trace`

use std::path::PathBuf;

use clap::{Args, value_parser};
use secateurs::data::Checkpoint;
use secateurs::models::llama::LlamaConfig;
use secateurs::{
    Accuracy, Error, Overwrite, PromptFile, Trace, TraceConfig, TraceJob, TraceOutcome, TraceProgress, TraceReader,
    TraceSource, accuracy, reference_numbers, trace_prompts,
};
use serde::Serialize;

use crate::error::CliError;
use crate::options::engine::EngineArgs;
use crate::options::raw::RawArgs;
use crate::terminal::output::{lossy_path, percent, print, print_json, seconds};
use crate::terminal::progress::Bar;

const TRACE_EXAMPLES: &str = "\
Traces are prompts with what the model continues them with, as tokens. A model that reasons is pruned best when calibrated on
its own traces, not on prompts or general text alone (RAC, arXiv 2509.12464): it then goes astray less while it decodes.

A file of prompts is .jsonl with an object on every line, or plain text with a prompt on every line. A model with a chat
template gets the prompt as the message of a user; --raw gives it as it is, after the start token that the tokenizer puts
before a text, if it does (--no-start-token: without). What is sampled depends on --seed, the prompt and
the number of the sample alone, not on --batch.

Examples:
  # 400 prompts of GSM8K continued by the dense model, then pruned for that
  secateurs trace ./model --prompts train.jsonl --limit 400 -n 2048 -o traces.jsonl
  secateurs prune ./model -m sparsegpt -s 0.5 -c traces.jsonl --calibration-tokens 100000 -o pruned

  # the same prompts with the solutions of the file instead: off-policy
  secateurs trace ./model --prompts train.jsonl --solutions-field answer -o solutions.jsonl

  # how well, and how long, does the pruned model answer?
  secateurs trace pruned --prompts test.jsonl --answer-field answer --limit 100 -o answers.jsonl --json

  # how far is it from the dense one on prompts that calibrated nothing?
  secateurs trace ./model --prompts test.jsonl --limit 100 -o held-out.jsonl
  secateurs eval pruned --traces held-out.jsonl --against ./model

  # go on after an interruption; finished traces wait in traces.jsonl.partial
  secateurs trace ./model --prompts train.jsonl --limit 400 -n 2048 -o traces.jsonl --resume
";

/// Lets a model continue the prompts of a file, to calibrate or to measure on what it writes
#[derive(Debug, Args)]
#[command(after_help = TRACE_EXAMPLES)]
pub(crate) struct TraceArgs {
    /// Hugging Face folder, dense or packed, or GGUF file
    model: PathBuf,
    /// File of prompts: .jsonl, or text with a prompt on every line
    #[arg(long, value_name = "FILE")]
    prompts: PathBuf,
    /// File to make
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// Field of .jsonl that holds the prompt [default: question, problem, prompt or context]
    #[arg(long, value_name = "NAME", help_heading = "Prompts")]
    field: Option<String>,
    /// What the model is told before the prompt
    #[arg(long, value_name = "TEXT", help_heading = "Prompts")]
    system: Option<String>,
    #[command(flatten, next_help_heading = "Prompts")]
    raw: RawArgs,
    /// Pass over the first COUNT prompts
    #[arg(long, value_name = "COUNT", default_value_t = 0, help_heading = "Prompts")]
    skip: u32,
    /// Only COUNT prompts [default: all]
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u32).range(1..), help_heading = "Prompts")]
    limit: Option<u32>,
    /// Most tokens of a continuation
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 1024, value_parser = value_parser!(u32).range(1..))]
    max_tokens: u32,
    /// Take continuations from this field of .jsonl instead of sampling
    #[arg(long, value_name = "NAME", conflicts_with_all = ["temperature", "top_p", "top_k", "seed", "samples", "batch"])]
    solutions_field: Option<String>,
    /// Compare the number that a continuation ends in with that of this field of .jsonl
    #[arg(long, value_name = "NAME")]
    answer_field: Option<String>,
    #[command(flatten)]
    sampling: SamplingArgs,
    #[command(flatten)]
    engine: EngineArgs,
    /// Continuations sampled together, up to 16
    #[arg(long, value_name = "COUNT", default_value_t = 16, value_parser = value_parser!(u8).range(1..=16), help_heading = "Running")]
    batch: u8,
    /// Go on with an interrupted run; everything else must be as it was
    #[arg(long, conflicts_with = "force", help_heading = "Running")]
    resume: bool,
    /// Replace an earlier output and unfinished work
    #[arg(long, help_heading = "Running")]
    force: bool,
    /// No progress bar and no summary; errors still show
    #[arg(short, long, help_heading = "Running")]
    quiet: bool,
    /// Print one JSON object instead of the summary
    #[arg(long, help_heading = "Running")]
    json: bool,
}

/// How tokens are sampled.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sampling")]
struct SamplingArgs {
    /// What logits are divided by; 0 takes the most likely token
    #[arg(long, value_name = "X", default_value_t = 0.6, allow_negative_numbers = true)]
    temperature: f64,
    /// Only the most likely tokens that have this probability together
    #[arg(long, value_name = "X", default_value_t = 0.95, allow_negative_numbers = true)]
    top_p: f64,
    /// Only the COUNT most likely tokens; 0 for all
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    top_k: u32,
    /// Of the random numbers
    #[arg(long, value_name = "NUMBER", default_value_t = 42)]
    seed: u64,
    /// Continuations of every prompt
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = value_parser!(u32).range(1..))]
    samples: u32,
}

/// The object of `--json`.
#[derive(Debug, Serialize)]
struct TraceResult {
    #[serde(serialize_with = "lossy_path")]
    out: PathBuf,
    traces: usize,
    prompt_tokens: usize,
    new_tokens: usize,
    mean_new_tokens: f64,
    limited_share: f64,
    /// Absent if nothing was sampled.
    new_tokens_per_second: Option<f64>,
    accuracy: Option<f64>,
    answers: Option<Accuracy>,
    seconds: f64,
}

/// Makes traces.
pub(crate) fn run(args: &TraceArgs) -> Result<(), CliError> {
    let prompts = PromptFile::read(&args.prompts, args.field.as_deref())?;
    // A file without answers is better refused before hours of sampling.
    let reference = args.answer_field.as_deref();
    let reference = reference.map(|field| reference_numbers(&prompts, field)).transpose()?;
    let outcome = trace(args, &prompts)?;
    let answers = reference.map(|reference| answers(args, &reference)).transpose()?;
    let result = result(args, &outcome, answers);
    match (args.json, args.quiet) {
        (true, _) => print_json(&result),
        (false, true) => Ok(()),
        (false, false) => print(&describe(&result)),
    }
}

fn trace(args: &TraceArgs, prompts: &PromptFile) -> Result<TraceOutcome, CliError> {
    let config = config(args)?;
    let job = TraceJob {
        model: &args.model,
        prompts,
        out: &args.out,
        config: &config,
        overwrite: match (args.resume, args.force) {
            (true, _) => Overwrite::Resume,
            (false, true) => Overwrite::Force,
            (false, false) => Overwrite::Never,
        },
    };
    let bar = Bar::new("tracing", 0, args.quiet);
    bar.say("reading the model".into());
    let (mut first, mut last) = (None, None);
    let outcome = trace_prompts(&job, &mut |step: TraceProgress| {
        // What an earlier run did says nothing of the time left.
        let before = *first.get_or_insert(step.done);
        if last.is_none() {
            bar.resize(step.total - before);
            bar.restart();
        }
        bar.set(step.done - before);
        bar.say(format!("{} tokens sampled", step.new_tokens));
        last = Some(step);
    });
    drop(bar);
    outcome.map_err(|failure| interrupted(failure, last))
}

fn config(args: &TraceArgs) -> Result<TraceConfig, CliError> {
    let max_new_tokens = args.max_tokens as usize;
    let source = match args.solutions_field.clone() {
        Some(field) => TraceSource::Given { field, max_new_tokens },
        None => TraceSource::Sampled {
            temperature: args.sampling.temperature,
            top_p: args.sampling.top_p,
            top_k: args.sampling.top_k as usize,
            seed: args.sampling.seed,
            max_new_tokens,
            samples: args.sampling.samples as usize,
        },
    };
    Ok(TraceConfig {
        style: args.raw.style(args.system.as_deref()),
        skip: args.skip as usize,
        limit: args.limit.map(|limit| limit as usize),
        source,
        batch: args.batch.into(),
        engine: args.engine.config()?,
        dense: args.engine.dense(),
        cache: args.engine.cache(),
    })
}

/// Says how to go on where finished traces wait.
fn interrupted(failure: Error, last: Option<TraceProgress>) -> CliError {
    match last {
        Some(TraceProgress { done, total, .. }) if done > 0 && failure.may_pass() => CliError::TracesInterrupted {
            failure: Box::new(failure),
            done,
            total,
        },
        _ => failure.into(),
    }
}

fn answers(args: &TraceArgs, reference: &[f64]) -> Result<Accuracy, CliError> {
    let config = LlamaConfig::describe(&Checkpoint::open(&args.model)?)?;
    let traces = TraceReader::open(&args.out, config.vocab_size)?;
    Ok(accuracy(&traces.collect::<Result<Vec<Trace>, _>>()?, reference))
}

fn result(args: &TraceArgs, outcome: &TraceOutcome, answers: Option<Accuracy>) -> TraceResult {
    let sampled = outcome.sampled_tokens as f64 / outcome.sampling_seconds;
    TraceResult {
        out: args.out.clone(),
        traces: outcome.traces,
        prompt_tokens: outcome.prompt_tokens,
        new_tokens: outcome.new_tokens,
        mean_new_tokens: outcome.mean_length(),
        limited_share: outcome.limited_share(),
        new_tokens_per_second: Some(sampled).filter(|_| outcome.sampled_tokens > 0),
        accuracy: answers.map(|answers| answers.share()),
        answers,
        seconds: outcome.seconds,
    }
}

fn describe(result: &TraceResult) -> String {
    let speed = result.new_tokens_per_second;
    let speed = speed.map_or(String::new(), |speed| format!("{speed:.0} tokens/s, "));
    let answers = result.answers.map_or(String::new(), |answers| {
        format!(
            "{} of {} answers are right ({}), {} have none\n",
            answers.correct,
            answers.total,
            percent(answers.share()),
            answers.total - answers.answered
        )
    });
    let out = result.out.display();
    format!(
        "{} traces in {out}: {} tokens of prompts, {} of continuations\n\
         {:.1} tokens a continuation, {} cut off by a limit\n{answers}\
         {speed}{} in all\n\
         calibrate on them with:\n  secateurs prune MODEL -m sparsegpt -s 0.5 -c {out} -o FOLDER\n",
        result.traces,
        result.prompt_tokens,
        result.new_tokens,
        result.mean_new_tokens,
        percent(result.limited_share),
        seconds(result.seconds),
    )
}
