//! The command line.

use clap::{Parser, Subcommand};

use crate::commands::bench::BenchArgs;
use crate::commands::compare::CompareArgs;
use crate::commands::completions::CompletionsArgs;
use crate::commands::eval::EvalArgs;
use crate::commands::experts::ExpertsArgs;
use crate::commands::generate::GenerateArgs;
use crate::commands::info::InfoArgs;
use crate::commands::pack::PackArgs;
use crate::commands::prune::PruneArgs;
use crate::commands::trace::TraceArgs;

const AFTER_HELP: &str = "\
From a dense model to a smaller one that runs:
  secateurs info MODEL                    # shape, zeros
  secateurs prune MODEL -m sparsegpt -s 0.5 \\
    -c TEXT -o pruned                     # seconds to hours
  secateurs eval pruned -t TEXT           # perplexity
  secateurs pack pruned -o packed         # smaller files
  secateurs generate packed \"PROMPT\"      # text
  secateurs bench packed --against MODEL  # speed

A first try, on the model of the repository, in seconds:
  secateurs prune fixtures/llama-austen -m alps -s 0.7 \\
    -c fixtures/austen/persuasion.txt -o pruned
  secateurs eval pruned \\
    -t fixtures/austen/northangerabbey.txt --windows 24

Exit codes:
  0    the job is done
  1    the job failed: a bad model, a full disk, ..
  2    the command line makes no sense
  70   this program has a defect; please report it
  130  Ctrl-C ended the job
  143  SIGTERM ended the job
";

/// Prunes language models, packs the result, and runs it faster
///
/// A MODEL is a Hugging Face folder of the Llama family (config.json, *.safetensors, tokenizer.json) or a GGUF file. Every
/// command reads and writes files. No command changes the model that it reads.
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
    Eval(EvalArgs),
    Pack(PackArgs),
    Generate(GenerateArgs),
    Bench(BenchArgs),
    Compare(CompareArgs),
    Trace(TraceArgs),
    Experts(ExpertsArgs),
    Completions(CompletionsArgs),
}
