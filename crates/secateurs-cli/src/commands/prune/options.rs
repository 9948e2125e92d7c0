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
  wanda           the smallest |w| * ||x|| of each output go; takes seconds, no compensation
  ria             as wanda, with |w| in relation to the other weights of its input and output; takes seconds
  wanda++         wanda with the gradient of each block's output added to the norms of its inputs
  taylor          the smallest |w * g| of each layer go, g the gradient of the whole model's loss; holds the whole model
  fisher          the smallest w^2 * mean(g^2) of each layer go; holds the whole model
  sparsegpt       removes weights one input at a time and corrects the weights that stay
  l-admm          ADMM on the layer's least-squares problem; more and more weights go
  alps            ADMM with a growing penalty, then conjugate gradients; the slowest layer-wise method
  safe            trains each block to reproduce its dense output with sparse weights in a flat minimum; its settings are
                  in [options.safe] of a recipe
  random+finetune control of methods that train: random, then the whole model is trained with these weights at zero
  wanda+finetune  wanda, then the whole model is trained with these weights at zero
  elsa            trains the whole model towards a sparse copy of itself; for 80 % and more; needs a text and hours
  elsa-l          elsa with a third of the memory for its state

Examples:
  # half of the weights, calibrated on the first 16 windows of 1024 tokens of a text
  secateurs prune ./SmolLM2-135M -m sparsegpt -s 0.5 -c train.txt -o pruned

  # a model that reasons, calibrated on what it writes itself (see secateurs trace --help)
  secateurs prune ./model -m sparsegpt -s 0.5 -c traces.jsonl --calibration-tokens 100000 -o pruned

  # two of every four weights survive; no calibration needed
  secateurs prune model.gguf -m magnitude -p 2:4 -o pruned

  # 70 %, more in blocks with fewer outliers; attention is not pruned
  secateurs prune ./model -m wanda -s 70% --owl --exclude '*self_attn*' -c train.txt -o pruned

  # 90 %, with quality won back by training on a text; the state is kept every five minutes
  secateurs prune ./model -m elsa -s 0.9 --train train.txt --validation valid.txt --lambda-schedule linear -o pruned

  # a run again, with another sparsity: every output holds its recipe
  secateurs prune ./model --recipe pruned/recipe.toml --sparsity 0.6 -o pruned-60

  # go on after an interruption; finished blocks or steps are in pruned.partial
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
    /// Folder to write
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
    /// Show the complete recipe and what it would remove, and do nothing else
    #[arg(long, help_heading = "Running")]
    pub(super) dry_run: bool,
    #[command(flatten, next_help_heading = "Running")]
    pub(super) show: ShowArgs,
}
