//! `secateurs generate`

use std::io::Read;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use secateurs::data::Checkpoint;
use secateurs::runtime::{Generation, Sampling, Stop};
use secateurs::{Completion, PromptFile, TextGenerator};
use serde::Serialize;

use crate::error::CliError;
use crate::options::engine::EngineArgs;
use crate::options::raw::RawArgs;
use crate::terminal::print::{print, print_json};

const GENERATE_EXAMPLES: &str = "\
Example, on the model of the repository:
  secateurs generate fixtures/llama-austen \\
    --raw \"It is a truth\" -n 20

Sampled, several prompts as JSON, and from a pipe:
  secateurs generate packed --raw \"Once upon a time\" \\
    --temperature 0.8 --top-p 0.95 --seed 7
  secateurs generate packed --prompts-from questions.txt \\
    --json | jq -r '.completions[].text'
  git diff | secateurs generate packed \\
    --system \"You write commit messages.\" -
";

/// Continues prompts with a dense or packed model
///
/// The most likely token is always taken, unless --temperature is given. The answer to a single prompt is printed while it
/// is generated; several prompts are answered together.
///
/// A model with a chat template gets the prompt as a user's message. With --raw it gets the prompt itself, after the start
/// token (BOS) if the tokenizer asks for one and the prompt does not begin with it. An end token is never added.
#[derive(Debug, Args)]
#[command(after_help = GENERATE_EXAMPLES)]
pub(crate) struct GenerateArgs {
    /// Hugging Face folder, packed folder, or GGUF file
    model: PathBuf,
    /// Prompts to continue; - reads one from standard input
    #[arg(value_name = "PROMPT")]
    prompts: Vec<String>,
    /// File of prompts: one on each line, or one JSON object on each line of a .jsonl file
    #[arg(long, value_name = "FILE")]
    prompts_from: Option<PathBuf>,
    #[command(flatten)]
    raw: RawArgs,
    /// System message before the prompt
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
    /// Maximum number of new tokens for each prompt
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 256)]
    max_tokens: u32,
    /// Sampling temperature; 0 always takes the most likely token
    #[arg(
        long,
        value_name = "X",
        default_value_t = 0.0,
        allow_negative_numbers = true,
        help_heading = "Sampling"
    )]
    temperature: f64,
    /// Sample from the COUNT most likely tokens only; 0 for all
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 0,
        requires = "temperature",
        help_heading = "Sampling"
    )]
    top_k: u32,
    /// Sample from the most likely tokens only, until their probabilities add up to X
    #[arg(
        long,
        value_name = "X",
        default_value_t = 1.0,
        allow_negative_numbers = true,
        requires = "temperature",
        help_heading = "Sampling"
    )]
    top_p: f64,
    /// Seed of the sampler
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 0,
        requires = "temperature",
        help_heading = "Sampling"
    )]
    seed: u64,
    #[command(flatten)]
    engine: EngineArgs,
    /// Print the results as one JSON object, at the end
    #[arg(long)]
    json: bool,
}

/// One object of `--json`.
#[derive(Debug, Serialize)]
struct Generated {
    prompt: String,
    text: String,
    prompt_tokens: usize,
    new_tokens: usize,
    stop: &'static str,
}

/// The object of `--json`.
#[derive(Debug, Serialize)]
struct GenerateResult {
    completions: Vec<Generated>,
    seconds: f64,
    new_tokens_per_second: f64,
}

/// Continues prompts.
pub(crate) fn run(args: &GenerateArgs) -> Result<(), CliError> {
    let prompts = prompts(args)?;
    let checkpoint = Checkpoint::open(&args.model)?;
    let generator = TextGenerator::load(&checkpoint, args.engine.dense(), args.engine.config()?)?;
    let style = args.raw.style(args.system.as_deref());
    let tokens = prompts.iter().map(|prompt| generator.encoder().encode(prompt, &style));
    let tokens = tokens.collect::<Result<Vec<_>, _>>()?;
    let generation = Generation {
        max_tokens: args.max_tokens as usize,
        sampling: Sampling {
            temperature: args.temperature,
            top_k: args.top_k as usize,
            top_p: args.top_p,
            seed: args.seed,
        },
        end_tokens: Vec::new(),
        cache: args.engine.cache(),
    };
    let started = Instant::now();
    let stream = prompts.len() == 1 && !args.json;
    let mut failure = None;
    let completions = generator.complete(&tokens, &generation, &mut |_, text| {
        if stream && failure.is_none() {
            failure = print(text).err();
        }
    })?;
    failure.map_or(Ok(()), Err)?;
    let seconds = started.elapsed().as_secs_f64();
    match (args.json, stream) {
        (true, _) => print_json(&result(prompts, completions, seconds)),
        (false, true) => print("\n"),
        (false, false) => completions
            .iter()
            .enumerate()
            .try_for_each(|(index, completion)| print(&format!("[{}] {}\n\n", index + 1, completion.text))),
    }
}

/// The prompts of the command line, of standard input where one of them is `-`, and of a file.
fn prompts(args: &GenerateArgs) -> Result<Vec<String>, CliError> {
    let mut prompts = args.prompts.clone();
    if prompts.iter().any(|prompt| prompt == "-") {
        let mut input = String::new();
        std::io::stdin().read_to_string(&mut input).map_err(CliError::Input)?;
        let from_input = prompts.iter_mut().filter(|prompt| *prompt == "-");
        from_input.for_each(|prompt| prompt.clone_from(&input));
    }
    if let Some(file) = &args.prompts_from {
        let file = PromptFile::read(file, None)?;
        prompts.extend(file.records().iter().map(|record| record.text.clone()));
    }
    if prompts.is_empty() {
        return Err(CliError::Missing {
            flag: "a PROMPT or --prompts-from",
        });
    }
    Ok(prompts)
}

fn result(prompts: Vec<String>, completions: Vec<Completion>, seconds: f64) -> GenerateResult {
    let new_tokens: usize = completions.iter().map(|completion| completion.tokens.len()).sum();
    let generated = prompts
        .into_iter()
        .zip(completions)
        .map(|(prompt, completion)| Generated {
            prompt,
            text: completion.text,
            prompt_tokens: completion.prompt_tokens,
            new_tokens: completion.tokens.len(),
            stop: match completion.stop {
                Stop::End => "end",
                Stop::MaxTokens => "max-tokens",
                Stop::ContextFull => "context-full",
            },
        });
    GenerateResult {
        completions: generated.collect(),
        seconds,
        new_tokens_per_second: new_tokens as f64 / seconds,
    }
}
