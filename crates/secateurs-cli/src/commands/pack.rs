//! `secateurs pack`

use std::collections::BTreeMap;
use std::fmt::Write;

use secateurs::{FormatChoice, Overwrite, PackConfig, PackedInfo, PackedLayout, pack_checkpoint};
use serde::Serialize;

use crate::command_line::PackArgs;
use crate::error::CliError;
use crate::terminal::interrupt;
use crate::terminal::output::{Table, bytes, kind_of, percent, print, print_json};
use crate::terminal::progress::Bar;

/// The object of `--json`.
#[derive(Debug, Serialize)]
struct PackResult<'a> {
    bytes: u64,
    dense_bytes: u64,
    tensors: &'a [PackedInfo],
}

/// Packs a model.
pub(crate) fn run(args: &PackArgs) -> Result<(), CliError> {
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
    interrupt::tidy_up_after(&args.out);
    let overwrite = if args.force { Overwrite::Force } else { Overwrite::Never };
    let bar = Bar::new("packing", 0, args.quiet);
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
    match (args.json, args.quiet) {
        (true, _) => print_json(&result),
        (false, true) => Ok(()),
        (false, false) => print(&describe(&result, args)),
    }
}

/// One row for like matrices in the same format.
fn describe(result: &PackResult<'_>, args: &PackArgs) -> String {
    let mut kinds: BTreeMap<(String, &str, &str), Vec<&PackedInfo>> = BTreeMap::new();
    for tensor in result.tensors {
        let key = (kind_of(&tensor.name), tensor.format.as_str(), tensor.values.as_str());
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
