//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};
use clap_complete::Shell;

use crate::commands::experts::ExpertsArgs;
use crate::commands::trace::TraceArgs;
use crate::options::device::DeviceArgs;
use crate::options::engine::{EngineArgs, FormatName, ValueName};
use crate::options::raw::RawArgs;
use crate::options::recipe::RecipeArgs;

const AFTER_HELP: &str = "\
Exit codes:
  0   the job is done
  1   the job failed: a bad model, text or recipe, a full disk, ...
  2   the command line makes no sense
  70  a defect of this program; please report it

Examples:
  secateurs info ./SmolLM2-135M
  secateurs prune ./SmolLM2-135M --method sparsegpt --sparsity 0.5 --calibration train.txt -o pruned
  secateurs experts ./OLMoE-1B-7B -m reap --remove 0.25 --calibration train.txt -o smaller
  secateurs eval pruned --text test.txt
  secateurs trace ./SmolLM2-135M --prompts train.jsonl -o traces.jsonl
  secateurs compare ./SmolLM2-135M pruned
  secateurs pack pruned -o packed
  secateurs generate packed \"Why is the sky blue?\"
  secateurs bench packed --against ./SmolLM2-135M
";

/// Prunes language models layer by layer, packs what is left, and runs it faster.
///
/// A MODEL is a Hugging Face folder of the Llama family (config.json, safetensors, tokenizer.json) or a GGUF file.
#[derive(Debug, Parser)]
#[command(name = "secateurs", version, after_help = AFTER_HELP, arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Info(InfoArgs),
    Prune(Box<PruneArgs>),
    Experts(ExpertsArgs),
    Eval(EvalArgs),
    Trace(TraceArgs),
    Compare(CompareArgs),
    Pack(PackArgs),
    Generate(GenerateArgs),
    Bench(BenchArgs),
    Completions(CompletionsArgs),
}

const INFO_EXAMPLES: &str = "\
Examples:
  secateurs info ./SmolLM2-135M
  secateurs info SmolLM2-135M.Q4_1.gguf --json | jq .sparsity
";

/// Shows what a model is: size, shape, number formats, and how sparse it is already
///
/// Reads every weight that pruning may touch once, to count zeros.
#[derive(Debug, Args)]
#[command(after_help = INFO_EXAMPLES)]
pub(crate) struct InfoArgs {
    /// Hugging Face folder or GGUF file
    pub(crate) model: PathBuf,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

const PRUNE_EXAMPLES: &str = "\
Methods:
  random          control: random weights go
  magnitude       control: the smallest weights of each layer go
  wanda           smallest |w| * ||x|| of each output; seconds, no compensation
  ria             relative importance and activations; seconds, no compensation
  sparsegpt       removes weights one input at a time and corrects those that stay
  l-admm          ADMM on the layer's least-squares problem, mask grown gradually
  alps            ADMM with a growing penalty, then conjugate gradients; slowest
  safe            trains each block to reproduce its dense output, flatly and sparsely; [options.safe] of a recipe
  random+finetune random, then trains the whole model under its mask: the control of what trains
  wanda+finetune  wanda, then trains the whole model under its mask
  elsa            trains the whole model beside a sparse copy; for 80 % and more, needs text and hours
  elsa-l          the same with a third of the memory for its state

Examples:
  # half of the weights, calibrated on the first 16 windows of 1024 tokens of a text
  secateurs prune ./SmolLM2-135M -m sparsegpt -s 0.5 -c train.txt -o pruned

  # a model that reasons: calibrated on what it writes itself (see secateurs trace --help)
  secateurs prune ./model -m sparsegpt -s 0.5 -c traces.jsonl --calibration-tokens 100000 -o pruned

  # two of every four weights survive; no calibration needed
  secateurs prune model.gguf -m magnitude -p 2:4 -o pruned

  # 70 %, more of it where there are fewer outliers, attention left alone
  secateurs prune ./model -m wanda -s 70% --owl --exclude '*self_attn*' -c train.txt -o pruned

  # 90 %, won back by training on a text; state is kept every five minutes
  secateurs prune ./model -m elsa -s 0.9 --train train.txt --validation valid.txt --lambda-schedule linear -o pruned

  # the same run again, or a variation of it: the output holds its recipe
  secateurs prune ./model --recipe pruned/recipe.toml --sparsity 0.6 -o pruned-60

  # go on after an interruption; finished blocks or steps wait in pruned.partial
  secateurs prune ./model -m alps -s 0.5 -c train.txt -o pruned --resume
";

/// Prunes a model into a new folder
///
/// The output is a Hugging Face folder with recipe.toml (what was asked for) and report.json (what was done, layer by
/// layer) beside the weights. It appears when it is complete; unfinished work is kept beside it as OUT.partial.
/// Embeddings, norms and the output head are never pruned.
#[derive(Debug, Args)]
#[command(after_help = PRUNE_EXAMPLES)]
pub(crate) struct PruneArgs {
    /// Hugging Face folder or GGUF file
    pub(crate) model: PathBuf,
    /// Folder to make
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) recipe: RecipeArgs,
    #[command(flatten, next_help_heading = "Running")]
    pub(crate) device: DeviceArgs,
    /// Go on with an interrupted run; everything else must be as it was
    #[arg(long, conflicts_with_all = ["force", "dry_run"], help_heading = "Running")]
    pub(crate) resume: bool,
    /// Replace an earlier output and unfinished work
    #[arg(long, help_heading = "Running")]
    pub(crate) force: bool,
    /// Show the resolved recipe and what it would remove, and do nothing
    #[arg(long, help_heading = "Running")]
    pub(crate) dry_run: bool,
    /// No progress bar and no summary; errors still show
    #[arg(short, long, help_heading = "Running")]
    pub(crate) quiet: bool,
    /// Print one JSON object instead of the summary
    #[arg(long, help_heading = "Running")]
    pub(crate) json: bool,
}

const EVAL_EXAMPLES: &str = "\
With --text: perplexity is exp of the mean loss over non-overlapping windows, each read without special tokens. Numbers
compare only where text, tokenizer, --window and --windows agree.

With --traces: how far a pruned model is from the dense one on what the dense one wrote (secateurs trace), apart for the
tokens of prompts and of continuations: KL(dense || pruned) of the next token, loss of the trace's tokens under both,
distance of the last hidden state and that distance in relation to the dense one.

Examples:
  secateurs eval pruned --text test.txt
  secateurs eval pruned --text test.txt --windows 40 --json | jq .perplexity
  secateurs eval pruned --traces held-out.jsonl --against ./SmolLM2-135M --limit 50
";

/// Measures the perplexity of a model on a text, or its distance from the dense model on traces
#[derive(Debug, Args)]
#[command(after_help = EVAL_EXAMPLES)]
pub(crate) struct EvalArgs {
    /// Hugging Face folder or GGUF file
    pub(crate) model: PathBuf,
    /// UTF-8 text to predict
    #[arg(short, long, value_name = "FILE", required_unless_present = "traces")]
    pub(crate) text: Option<PathBuf>,
    /// Length of a window
    #[arg(long, value_name = "TOKENS", default_value_t = 1024, value_parser = value_parser!(u32).range(2..))]
    pub(crate) window: u32,
    /// Only the first COUNT windows [default: all]
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u32).range(1..))]
    pub(crate) windows: Option<u32>,
    /// Traces of the dense model, not those that calibrated
    #[arg(long, value_name = "FILE", requires = "against", conflicts_with_all = ["text", "window", "windows"], help_heading = "Traces")]
    pub(crate) traces: Option<PathBuf>,
    /// The dense model
    #[arg(long, value_name = "MODEL", requires = "traces", help_heading = "Traces")]
    pub(crate) against: Option<PathBuf>,
    /// Only the first COUNT traces [default: all]
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u32).range(1..), requires = "traces", help_heading = "Traces")]
    pub(crate) limit: Option<u32>,
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
    /// No progress bar
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

const COMPARE_EXAMPLES: &str = "\
Columns: share of zeros in A and B; share of weights that are zero in exactly one of them; the largest relative distance
||a - b|| / ||a|| of a tensor; tensors that are the same to the bit.

Examples:
  secateurs compare ./SmolLM2-135M pruned
  secateurs compare wanda sparsegpt --json | jq '.tensors[] | select(.identical | not) | .name'
";

/// Compares two models tensor by tensor
#[derive(Debug, Args)]
#[command(after_help = COMPARE_EXAMPLES)]
pub(crate) struct CompareArgs {
    /// The first model, usually the dense one
    #[arg(value_name = "A")]
    pub(crate) first: PathBuf,
    /// The second model
    #[arg(value_name = "B")]
    pub(crate) second: PathBuf,
    /// Print one JSON object with every tensor instead of a table of kinds
    #[arg(long)]
    pub(crate) json: bool,
}

const PACK_EXAMPLES: &str = "\
Formats, chosen for every matrix by its share of zeros unless --measure or --format says otherwise:
  dense    every weight, for matrices with few zeros
  bitmap   one bit for every weight, and the values that are not zero
  2:4      a bitmap whose groups all have two of four values (also 4:8): no offsets
  indexed  values with 16-bit indices, for matrices of which little is left

Examples:
  secateurs pack pruned -o packed
  secateurs pack pruned --values int8 -o packed-int8
  secateurs pack pruned --measure --head int8 -o packed-for-this-machine
  secateurs pack pruned --head int8 --json -o packed | jq '.bytes / .dense_bytes'
  secateurs pack packed --format dense -o unpacked      (any program reads that)
";

/// Packs a pruned model into a smaller one that runs faster
///
/// The output is a folder that secateurs alone reads: its weights are in packed.safetensors, so that other programs refuse it
/// rather than take random weights. For them pack with --format dense and float values, which makes an ordinary Hugging Face
/// folder, zeros and all.
#[derive(Debug, Args)]
#[command(after_help = PACK_EXAMPLES)]
pub(crate) struct PackArgs {
    /// Hugging Face folder or GGUF file
    pub(crate) model: PathBuf,
    /// Folder to make
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    /// How weights of the blocks are stored
    #[arg(long, value_enum, default_value_t)]
    pub(crate) values: ValueName,
    /// How the embedding and the output matrix are stored [default: as --values]
    #[arg(long, value_enum)]
    pub(crate) head: Option<ValueName>,
    /// Time the formats on this machine, for every shape and share of zeros, and take the fastest
    #[arg(long, conflicts_with = "format")]
    pub(crate) measure: bool,
    /// One format for all matrices of the blocks [default: by the share of zeros]
    #[arg(long, value_enum)]
    pub(crate) format: Option<FormatName>,
    /// With --format bitmap and float values: a folder that compressed-tensors up to 0.14.0.1 can also read (sparse-bitmask);
    /// newer versions dropped that format, and with them transformers loads random weights
    #[arg(long, requires = "format", conflicts_with = "measure")]
    pub(crate) compressed_tensors: bool,
    /// Replace an earlier output
    #[arg(long)]
    pub(crate) force: bool,
    /// No progress bar and no summary
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Print one JSON object with every matrix instead of a table of kinds
    #[arg(long)]
    pub(crate) json: bool,
}

const GENERATE_EXAMPLES: &str = "\
Without --temperature the most likely token is taken every time. A model with a chat template gets the prompt as the
message of a user; --raw gives it as it is, after the start token that the tokenizer puts before a text, if it does and the
prompt does not begin with it; --no-start-token leaves it out. An end token is never added.

Examples:
  secateurs generate packed \"Why is the sky blue?\"
  secateurs generate packed --raw \"Once upon a time\" --temperature 0.8 --top-p 0.95 --seed 7
  secateurs generate packed --prompts-from questions.txt --json | jq -r '.completions[].text'
  git diff | secateurs generate packed --system \"You write commit messages.\" -
";

/// Continues prompts with a dense or packed model
///
/// One prompt is answered as it is written; several are answered together.
#[derive(Debug, Args)]
#[command(after_help = GENERATE_EXAMPLES)]
pub(crate) struct GenerateArgs {
    /// Hugging Face folder, dense or packed, or GGUF file
    pub(crate) model: PathBuf,
    /// Prompts; - reads one from standard input
    #[arg(value_name = "PROMPT")]
    pub(crate) prompts: Vec<String>,
    /// A file with one prompt on each line, or .jsonl with an object on each
    #[arg(long, value_name = "FILE")]
    pub(crate) prompts_from: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) raw: RawArgs,
    /// What the model is told before the prompt
    #[arg(long, value_name = "TEXT")]
    pub(crate) system: Option<String>,
    /// Most tokens of an answer
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 256)]
    pub(crate) max_tokens: u32,
    /// What logits are divided by; 0 takes the most likely token
    #[arg(
        long,
        value_name = "X",
        default_value_t = 0.0,
        allow_negative_numbers = true,
        help_heading = "Sampling"
    )]
    pub(crate) temperature: f64,
    /// Only the COUNT most likely tokens; 0 for all
    #[arg(long, value_name = "COUNT", default_value_t = 0, help_heading = "Sampling")]
    pub(crate) top_k: u32,
    /// Only the most likely tokens that have this probability together
    #[arg(
        long,
        value_name = "X",
        default_value_t = 1.0,
        allow_negative_numbers = true,
        help_heading = "Sampling"
    )]
    pub(crate) top_p: f64,
    /// Of the random numbers
    #[arg(long, default_value_t = 0, help_heading = "Sampling")]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// Print one JSON object when all is done
    #[arg(long)]
    pub(crate) json: bool,
}

const BENCH_EXAMPLES: &str = "\
Decoding one sequence reads every weight for every token, so that memory bounds its speed: the last column is the share of
what the same threads read from memory, measured in the same run. A model that fits into the caches of the processor can
exceed it.

Examples:
  secateurs bench packed
  secateurs bench packed --against ./SmolLM2-135M --threads 2
  secateurs bench --synthetic 1b --sparsity 0,0.9 --head int8
";

/// A shape of random weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SyntheticSize {
    /// Two small blocks, to try the command
    Tiny,
    /// A billion parameters: 16 blocks, width 2048
    #[value(name = "1b")]
    OneBillion,
}

fn parse_share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("a share is a number from 0 to 1".to_owned()),
    }
}

/// Measures how fast a model reads prompts and generates
#[derive(Debug, Args)]
#[command(after_help = BENCH_EXAMPLES)]
pub(crate) struct BenchArgs {
    /// Hugging Face folder, dense or packed, or GGUF file
    #[arg(required_unless_present = "synthetic")]
    pub(crate) model: Option<PathBuf>,
    /// A model to compare with, run by the same engine; both take turns
    #[arg(long, value_name = "MODEL")]
    pub(crate) against: Option<PathBuf>,
    /// Models of random weights instead, made in memory
    #[arg(long, value_enum, value_name = "SIZE", conflicts_with_all = ["model", "against"], help_heading = "Synthetic")]
    pub(crate) synthetic: Option<SyntheticSize>,
    /// Shares of zeros in their blocks, a model for each
    #[arg(
        long,
        value_name = "SHARES",
        value_delimiter = ',',
        value_parser = parse_share,
        default_value = "0,0.5,0.7,0.9",
        requires = "synthetic",
        help_heading = "Synthetic"
    )]
    pub(crate) sparsity: Vec<f64>,
    /// How the weights of their blocks are stored
    #[arg(
        long,
        value_enum,
        default_value_t,
        requires = "synthetic",
        help_heading = "Synthetic"
    )]
    pub(crate) values: ValueName,
    /// How their embedding and output matrix are stored [default: as --values]
    #[arg(long, value_enum, requires = "synthetic", help_heading = "Synthetic")]
    pub(crate) head: Option<ValueName>,
    /// Tokens of the prompt
    #[arg(long, value_name = "COUNT", default_value_t = 512, value_parser = value_parser!(u32).range(1..))]
    pub(crate) prompt_tokens: u32,
    /// Tokens decoded after it
    #[arg(long, value_name = "COUNT", default_value_t = 128, value_parser = value_parser!(u32).range(1..))]
    pub(crate) new_tokens: u32,
    /// Sequences decoded together, each with a prompt of its own; figures are of all of them
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = value_parser!(u32).range(1..))]
    pub(crate) batch: u32,
    /// Times that both are repeated; medians are shown
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = value_parser!(u32).range(1..))]
    pub(crate) repeats: u32,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  secateurs completions bash > ~/.local/share/bash-completion/completions/secateurs
  secateurs completions zsh > ~/.zfunc/_secateurs
  secateurs completions fish > ~/.config/fish/completions/secateurs.fish
";

/// Prints the completion script of a shell
#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: Shell,
}
