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
Exit codes:
  0   the job is done
  1   the job failed: a bad model, text or recipe, a full disk, ...
  2   the command line makes no sense
  70  a defect of this program; please report it
  130 Ctrl-C ended the job
  143 SIGTERM ended the job

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
