//! The command line of `secateurs eval`.

use std::path::PathBuf;

use clap::{Args, value_parser};

use crate::options::device::DeviceArgs;
use crate::terminal::bar::Bar;
use crate::terminal::screen::Screen;

const EVAL_EXAMPLES: &str = "\
Example, on the model of the repository:
  secateurs eval fixtures/llama-austen \\
    -t fixtures/austen/northangerabbey.txt --windows 24

As JSON:
  secateurs eval pruned -t test.txt --json | jq .perplexity

Distance from the dense model on traces (see trace --help):
  secateurs eval pruned --traces held-out.jsonl \\
    --against MODEL
";

/// Measures perplexity on a text, or the distance from the dense model
///
/// With --text: perplexity is exp of the mean loss over windows that do not overlap. No special token is added. Perplexities
/// compare only where text, tokenizer, --window and --windows are the same.
///
/// With --traces: the distance of MODEL from the dense model on text that the dense model wrote, separately for prompts and
/// continuations. It prints KL(dense || MODEL) of the next token, the loss of both models, and the distance of the last
/// hidden states, absolute and relative to the length of the dense ones.
///
/// Nothing is written. A packed model runs on the engine of `generate`, on the CPU, without --device.
#[derive(Debug, Args)]
#[command(after_help = EVAL_EXAMPLES)]
pub(crate) struct EvalArgs {
    /// Hugging Face folder, packed folder, or GGUF file
    pub(super) model: PathBuf,
    /// UTF-8 text to measure perplexity on
    #[arg(short, long, value_name = "FILE", required_unless_present = "traces")]
    pub(super) text: Option<PathBuf>,
    /// Tokens in each window
    #[arg(long, value_name = "TOKENS", default_value_t = 1024, value_parser = value_parser!(u32).range(2..))]
    pub(super) window: u32,
    /// Read only the first COUNT windows [default: all]
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u32).range(1..))]
    pub(super) windows: Option<u32>,
    /// Traces that the dense model wrote, not used for calibration
    #[arg(long, value_name = "FILE", requires = "against", conflicts_with_all = ["text", "window", "windows"], help_heading = "Traces")]
    pub(super) traces: Option<PathBuf>,
    /// Dense model to compare with
    #[arg(long, value_name = "MODEL", requires = "traces", help_heading = "Traces")]
    pub(super) against: Option<PathBuf>,
    /// Read only the first COUNT traces [default: all]
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u32).range(1..), requires = "traces", help_heading = "Traces")]
    pub(super) limit: Option<u32>,
    #[command(flatten)]
    pub(super) device: DeviceArgs,
    /// Hide progress
    #[arg(short, long)]
    pub(super) quiet: bool,
    /// Print the result as one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

impl EvalArgs {
    /// A bar of `length` steps, if it is to be seen.
    pub(super) fn bar(&self, screen: &Screen, length: usize) -> Bar {
        if self.quiet {
            Bar::hidden()
        } else {
            Bar::new(screen, "evaluating", length)
        }
    }
}
