//! The command line of `secateurs prune`.

use std::path::PathBuf;

use clap::Args;

use crate::options::device::DeviceArgs;
use crate::options::recipe::RecipeArgs;
use crate::options::show::ShowArgs;

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
    pub(super) model: PathBuf,
    /// Folder to make
    #[arg(short, long, value_name = "FOLDER")]
    pub(super) out: PathBuf,
    #[command(flatten)]
    pub(super) recipe: RecipeArgs,
    #[command(flatten, next_help_heading = "Running")]
    pub(super) device: DeviceArgs,
    /// Go on with an interrupted run; everything else must be as it was
    #[arg(long, conflicts_with_all = ["force", "dry_run"], help_heading = "Running")]
    pub(super) resume: bool,
    /// Replace an earlier output and unfinished work
    #[arg(long, help_heading = "Running")]
    pub(super) force: bool,
    /// Show the resolved recipe and what it would remove, and do nothing
    #[arg(long, help_heading = "Running")]
    pub(super) dry_run: bool,
    #[command(flatten, next_help_heading = "Running")]
    pub(super) show: ShowArgs,
}
