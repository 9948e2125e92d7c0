//! The command line of `secateurs prune`.

use std::path::PathBuf;

use clap::Args;

use crate::options::device::DeviceArgs;
use crate::options::recipe::RecipeArgs;
use crate::options::show::ShowArgs;

const PRUNE_EXAMPLES: &str = "\
Example, on the model of the repository, in seconds:
  secateurs prune fixtures/llama-austen -m alps -s 0.7 \\
    -c fixtures/austen/persuasion.txt -o pruned
  secateurs eval pruned \\
    -t fixtures/austen/northangerabbey.txt --windows 24

Two of every four weights survive; nothing to calibrate on:
  secateurs prune model.gguf -m magnitude -p 2:4 -o pruned

70%, less where outliers are; attention stays dense:
  secateurs prune MODEL -m wanda -s 70% --owl \\
    --exclude '*self_attn*' -c train.txt -o pruned

90%, by training on a text:
  secateurs prune MODEL -m elsa -s 0.9 --train train.txt \\
    --lambda-schedule linear -o pruned

A model that reasons, on text of its own (see trace --help):
  secateurs prune MODEL -m sparsegpt -s 0.5 \\
    -c traces.jsonl --calibration-tokens 100000 -o pruned

An earlier run again, with another sparsity:
  secateurs prune MODEL -r pruned/recipe.toml -s 0.6 -o p60

An interrupted run, from its last block or checkpoint:
  secateurs prune MODEL -m alps -s 0.5 -c train.txt \\
    -o pruned --resume
";

/// Prunes a model's weights into a new folder
///
/// The output is a Hugging Face folder. Beside the weights it holds recipe.toml, the options of this run, and report.json,
/// the results layer by layer. Zeros are stored as numbers; `secateurs pack` makes the files smaller.
///
/// Only the linear layers of the blocks are pruned: embeddings, norms and the output head stay dense.
///
/// The output appears when it is complete. Unfinished work is kept beside it as OUT.partial, for --resume.
#[derive(Debug, Args)]
#[command(after_help = PRUNE_EXAMPLES)]
pub(crate) struct PruneArgs {
    /// Hugging Face folder or GGUF file
    pub(super) model: PathBuf,
    /// Folder to write; must not exist
    #[arg(short, long, value_name = "FOLDER")]
    pub(super) out: PathBuf,
    #[command(flatten)]
    pub(super) recipe: RecipeArgs,
    #[command(flatten, next_help_heading = "Running")]
    pub(super) device: DeviceArgs,
    /// Continue an interrupted run; all other options must be the same
    #[arg(long, conflicts_with_all = ["force", "dry_run"], help_heading = "Running")]
    pub(super) resume: bool,
    /// Replace an earlier output, and discard unfinished work
    #[arg(long, help_heading = "Running")]
    pub(super) force: bool,
    /// Print the complete recipe and the weights it would remove; write nothing
    #[arg(long, help_heading = "Running")]
    pub(super) dry_run: bool,
    #[command(flatten, next_help_heading = "Running")]
    pub(super) show: ShowArgs,
}
