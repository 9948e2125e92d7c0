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
Formats; each matrix gets one by its share of zeros, unless --measure or --format says otherwise:
  dense    every weight, for matrices with few zeros
  bitmap   one bit for every weight, and the values that are not zero
  2:4      a bitmap of which every group of four has two values (4:8 likewise), so that no offsets are stored
  indexed  values with 16-bit indices, for matrices with very few values

Examples:
  secateurs pack pruned -o packed
  secateurs pack pruned --values int8 -o packed-int8
  secateurs pack pruned --measure --head int8 -o packed-for-this-machine
  secateurs pack pruned --head int8 --json -o packed | jq '.bytes / .dense_bytes'
  secateurs pack packed --format dense -o unpacked      (any program reads that)
";

/// Packs a pruned model into a smaller one that runs faster
///
/// Only secateurs reads the output: its weights are in packed.safetensors, so that other programs refuse the folder instead of
/// starting with random weights. For other programs, pack with --format dense and float values: that makes an ordinary Hugging
/// Face folder, zeros included.
#[derive(Debug, Args)]
#[command(after_help = PACK_EXAMPLES)]
pub(crate) struct PackArgs {
    /// Hugging Face folder or GGUF file
    model: PathBuf,
    /// Folder to write
    #[arg(short, long, value_name = "FOLDER")]
    out: PathBuf,
    /// Number format of the weights in the blocks
    #[arg(long, value_enum, default_value_t)]
    values: ValueName,
    /// Number format of the embedding and the output matrix [default: as --values]
    #[arg(long, value_enum)]
    head: Option<ValueName>,
    /// Measure the speed of the formats on this machine, for every shape and share of zeros, and take the fastest
    #[arg(long, conflicts_with = "format")]
    measure: bool,
    /// Format of all matrices in the blocks [default: by the share of zeros]
    #[arg(long, value_enum)]
    format: Option<FormatName>,
    /// With --format bitmap and float values: a folder that compressed-tensors up to 0.14.0.1 can also read (sparse-bitmask);
    /// newer versions dropped that format, and with them transformers loads random weights
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
        "because of, e.g.",
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
        "\n{} in {}, {} of dense f16",
        bytes(result.bytes),
        args.out.display(),
        percent(result.bytes as f64 / result.dense_bytes.max(1) as f64),
    );
    text
}
