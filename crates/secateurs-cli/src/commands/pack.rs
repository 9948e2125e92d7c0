//! `secateurs pack`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use secateurs::{FormatChoice, Overwrite, PackConfig, PackedInfo, PackedLayout, pack_checkpoint};
use serde::Serialize;

use crate::error::CliError;
use crate::options::engine::{FormatName, ValueName};
use crate::options::show::ShowArgs;
use crate::terminal::layer_names::kind_of;
use crate::terminal::screen::Screen;
use crate::terminal::table::Table;
use crate::terminal::units::{bytes, percent};

const PACK_EXAMPLES: &str = "\
Example, after prune --help's:
  secateurs pack pruned -o packed
  secateurs generate packed --raw \"It is a truth\" -n 20

Smaller still, and the fastest formats of this machine:
  secateurs pack pruned --head int8 --measure -o packed

Back to a folder that every program reads:
  secateurs pack packed --format dense -o unpacked
";

/// Packs a pruned model into smaller files that run faster
///
/// Each matrix is stored in the format that suits its fraction of zeros. The command prints which it chose and why.
///
/// Only secateurs reads the output folder. Its weights are in packed.safetensors, so that other programs stop instead of
/// starting with random weights. `--format dense` with float values writes an ordinary Hugging Face folder, zeros included.
#[derive(Debug, Args)]
#[command(after_help = PACK_EXAMPLES)]
pub(crate) struct PackArgs {
    /// Hugging Face folder or GGUF file
    model: PathBuf,
    /// Folder to write; must not exist
    #[arg(short, long, value_name = "FOLDER")]
    out: PathBuf,
    /// Number format of the weights in the blocks
    #[arg(long, value_enum, default_value_t)]
    values: ValueName,
    /// Number format of the embedding and the output head [default: as --values]
    #[arg(long, value_enum)]
    head: Option<ValueName>,
    /// Time the formats on this machine and take the fastest for each shape and sparsity
    #[arg(long, conflicts_with = "format")]
    measure: bool,
    /// Storage format of all matrices in the blocks [default: by the fraction of zeros]
    #[arg(long, value_enum)]
    format: Option<FormatName>,
    /// Write bitmaps that compressed-tensors up to 0.14.0.1 reads; needs --format bitmap and float values
    ///
    /// Newer versions dropped this format (sparse-bitmask). With them, transformers loads random weights.
    #[arg(long, requires = "format", conflicts_with = "measure")]
    compressed_tensors: bool,
    /// Replace an earlier output
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    show: ShowArgs,
}

/// The object of `--json`.
#[derive(Debug, Serialize)]
struct PackResult<'a> {
    bytes: u64,
    dense_bytes: u64,
    tensors: &'a [PackedInfo],
}

/// Packs a model.
pub(crate) fn run(args: &PackArgs, screen: &Screen) -> Result<(), CliError> {
    let config = PackConfig {
        values: args.values.into_type(),
        head: args.head.unwrap_or(args.values).into_type(),
        format: match args.format {
            Some(format) => FormatChoice::Always(format.into_format()),
            None if args.measure => FormatChoice::Measured,
            None => FormatChoice::BySparsity,
        },
        layout: match args.compressed_tensors {
            true => PackedLayout::CompressedTensors,
            false => PackedLayout::Own,
        },
    };
    let overwrite = if args.force { Overwrite::Force } else { Overwrite::Never };
    let bar = args.show.bar(screen, "packing", 0);
    let tensors = pack_checkpoint(&args.model, &args.out, &config, overwrite, &mut |done, all| {
        bar.resize(all);
        bar.set(done);
    })?;
    drop(bar);
    let result = PackResult {
        bytes: tensors.iter().map(|tensor| tensor.bytes).sum(),
        dense_bytes: tensors.iter().map(|tensor| tensor.dense_bytes).sum(),
        tensors: &tensors,
    };
    args.show.result(&result, |result| describe(result, args))
}

/// One row for like matrices in the same format.
fn describe(result: &PackResult<'_>, args: &PackArgs) -> String {
    let mut kinds: BTreeMap<(String, String, String), Vec<&PackedInfo>> = BTreeMap::new();
    for tensor in result.tensors {
        let key = (
            kind_of(&tensor.name),
            tensor.format.to_string(),
            tensor.values.to_string(),
        );
        kinds.entry(key).or_default().push(tensor);
    }
    let mut table = Table::new(&[
        "matrices",
        "count",
        "zero",
        "format",
        "values",
        "size",
        "of f16",
        "reason, e.g.",
    ]);
    for ((kind, format, values), tensors) in &kinds {
        let size: u64 = tensors.iter().map(|tensor| tensor.bytes).sum();
        let dense: u64 = tensors.iter().map(|tensor| tensor.dense_bytes).sum();
        let zeros = tensors.iter().map(|tensor| tensor.sparsity).sum::<f64>() / tensors.len() as f64;
        table.row([
            kind.clone(),
            tensors.len().to_string(),
            percent(zeros),
            (*format).to_owned(),
            (*values).to_owned(),
            bytes(size),
            percent(size as f64 / dense.max(1) as f64),
            tensors[0].reason.clone(),
        ]);
    }
    let mut text = table.render();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "\n{} holds {}, {} of dense f16",
        args.out.display(),
        bytes(result.bytes),
        percent(result.bytes as f64 / result.dense_bytes.max(1) as f64),
    );
    text
}
