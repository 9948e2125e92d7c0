//! The command line of `secateurs bench`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, value_parser};

use crate::options::engine::{EngineArgs, ValueName};

const BENCH_EXAMPLES: &str = "\
Decoding one sequence reads every weight for every token, so its speed is limited by the memory. The last column says which
share of the possible reading speed is used; that speed is measured in the same run, with the same threads. A model that
fits into the caches of the processor can exceed it.

Examples:
  secateurs bench packed
  secateurs bench packed --against ./SmolLM2-135M --threads 2
  secateurs bench --synthetic 1b --sparsity 0,0.9 --head int8
";

/// A shape of random weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SyntheticSize {
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
    pub(super) model: Option<PathBuf>,
    /// Model to compare with; the same engine runs both in turns
    #[arg(long, value_name = "MODEL")]
    pub(super) against: Option<PathBuf>,
    /// Measure models of random weights instead, made in memory
    #[arg(long, value_enum, value_name = "SIZE", conflicts_with_all = ["model", "against"], help_heading = "Synthetic")]
    pub(super) synthetic: Option<SyntheticSize>,
    /// Shares of zeros in the blocks; one model is made for each share
    #[arg(
        long,
        value_name = "SHARES",
        value_delimiter = ',',
        value_parser = parse_share,
        default_value = "0,0.5,0.7,0.9",
        requires = "synthetic",
        help_heading = "Synthetic"
    )]
    pub(super) sparsity: Vec<f64>,
    /// Number format of the weights in the blocks
    #[arg(
        long,
        value_enum,
        default_value_t,
        requires = "synthetic",
        help_heading = "Synthetic"
    )]
    pub(super) values: ValueName,
    /// Number format of the embedding and the output matrix [default: as --values]
    #[arg(long, value_enum, requires = "synthetic", help_heading = "Synthetic")]
    pub(super) head: Option<ValueName>,
    /// Tokens in the prompt
    #[arg(long, value_name = "COUNT", default_value_t = 512, value_parser = value_parser!(u32).range(1..))]
    pub(super) prompt_tokens: u32,
    /// Tokens decoded after the prompt
    #[arg(long, value_name = "COUNT", default_value_t = 128, value_parser = value_parser!(u32).range(1..))]
    pub(super) new_tokens: u32,
    /// Sequences decoded together, each with its own prompt; speeds are those of all together
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = value_parser!(u32).range(1..))]
    pub(super) batch: u32,
    /// Number of times that prompt and decoding are measured; medians are shown
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = value_parser!(u32).range(1..))]
    pub(super) repeats: u32,
    #[command(flatten)]
    pub(super) engine: EngineArgs,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}
