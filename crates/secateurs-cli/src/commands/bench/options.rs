//! The command line of `secateurs bench`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, value_parser};

use crate::options::engine::{EngineArgs, ValueName};

const BENCH_EXAMPLES: &str = "\
Example, after prune --help's and pack --help's; so small a
model fits in the caches, where packing does not pay:
  secateurs bench packed --against fixtures/llama-austen

A billion random weights, which no cache holds:
  secateurs bench --synthetic 1b --sparsity 0,0.9 --head int8
";

/// Shape of random weights.
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
        _ => Err("a fraction of zeros is a number from 0 to 1".to_owned()),
    }
}

/// Measures how fast a model reads prompts and generates text
///
/// Decoding one sequence reads every weight for each token, so memory limits its speed. The last column is the fraction of
/// the machine's read bandwidth that decoding uses; that bandwidth is measured in the same run, with the same threads. A
/// model that fits in the caches can exceed it. Nothing is written.
#[derive(Debug, Args)]
#[command(after_help = BENCH_EXAMPLES)]
pub(crate) struct BenchArgs {
    /// Hugging Face folder, packed folder, or GGUF file
    #[arg(required_unless_present = "synthetic")]
    pub(super) model: Option<PathBuf>,
    /// Model to compare with; the same engine runs both, in turns
    #[arg(long, value_name = "MODEL")]
    pub(super) against: Option<PathBuf>,
    /// Measure random weights instead of a model
    #[arg(long, value_enum, value_name = "SIZE", conflicts_with_all = ["model", "against"], help_heading = "Synthetic")]
    pub(super) synthetic: Option<SyntheticSize>,
    /// Fractions of zeros in the blocks, one model for each
    #[arg(
        long,
        value_name = "FRACTIONS",
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
    /// Number format of the embedding and the output head [default: as --values]
    #[arg(long, value_enum, requires = "synthetic", help_heading = "Synthetic")]
    pub(super) head: Option<ValueName>,
    /// Number of tokens in the prompt
    #[arg(long, value_name = "COUNT", default_value_t = 512, value_parser = value_parser!(u32).range(1..))]
    pub(super) prompt_tokens: u32,
    /// Number of tokens decoded after the prompt
    #[arg(long, value_name = "COUNT", default_value_t = 128, value_parser = value_parser!(u32).range(1..))]
    pub(super) new_tokens: u32,
    /// Number of sequences decoded together; speeds count all of them
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = value_parser!(u32).range(1..))]
    pub(super) batch: u32,
    /// Number of measurements; the median is shown
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = value_parser!(u32).range(1..))]
    pub(super) repeats: u32,
    #[command(flatten)]
    pub(super) engine: EngineArgs,
    /// Print the result as one JSON object
    #[arg(long)]
    pub(super) json: bool,
}
