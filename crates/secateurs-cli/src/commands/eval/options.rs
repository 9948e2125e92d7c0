//! The command line of `secateurs eval`.

use std::path::PathBuf;

use clap::{Args, value_parser};

use crate::options::device::DeviceArgs;
use crate::terminal::bar::Bar;
use crate::terminal::screen::Screen;

const EVAL_EXAMPLES: &str = "\
With --text: perplexity is exp of the mean loss over windows that do not overlap, each read without special tokens. Two
perplexities can be compared only if text, tokenizer, --window and --windows are the same.

With --traces: how far a pruned model is from the dense one on what the dense one wrote (secateurs trace), separately
for tokens of prompts and of continuations: KL(dense || pruned) of the next token, the loss of the trace's tokens under both
models, and the distance of the last hidden states, also in relation to the length of the dense one.

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
    pub(super) model: PathBuf,
    /// UTF-8 text to predict
    #[arg(short, long, value_name = "FILE", required_unless_present = "traces")]
    pub(super) text: Option<PathBuf>,
    /// Tokens in a window
    #[arg(long, value_name = "TOKENS", default_value_t = 1024, value_parser = value_parser!(u32).range(2..))]
    pub(super) window: u32,
    /// Read only the first COUNT windows [default: all]
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u32).range(1..))]
    pub(super) windows: Option<u32>,
    /// Traces that the dense model wrote, other than those used for calibration
    #[arg(long, value_name = "FILE", requires = "against", conflicts_with_all = ["text", "window", "windows"], help_heading = "Traces")]
    pub(super) traces: Option<PathBuf>,
    /// The dense model
    #[arg(long, value_name = "MODEL", requires = "traces", help_heading = "Traces")]
    pub(super) against: Option<PathBuf>,
    /// Read only the first COUNT traces [default: all]
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u32).range(1..), requires = "traces", help_heading = "Traces")]
    pub(super) limit: Option<u32>,
    #[command(flatten)]
    pub(super) device: DeviceArgs,
    /// Show no progress bar
    #[arg(short, long)]
    pub(super) quiet: bool,
    /// Print one JSON object
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
