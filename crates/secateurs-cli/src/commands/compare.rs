//! `secateurs compare`

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use secateurs::data::Checkpoint;
use secateurs::{Comparison, TensorDifference};
use serde::Serialize;

use crate::error::CliError;
use crate::terminal::layer_names::kind_of;
use crate::terminal::print::{print, print_json};
use crate::terminal::table::Table;
use crate::terminal::units::percent;

const COMPARE_EXAMPLES: &str = "\
Example, after prune --help's:
  secateurs compare fixtures/llama-austen pruned

Names of the tensors that differ:
  secateurs compare wanda sparsegpt --json \\
    | jq '.tensors[] | select(.identical | not) | .name'
";

/// Compares two models tensor by tensor
///
/// Columns of the table, one row for the same tensor of all blocks: number of tensors; fraction of zeros in A and in B;
/// fraction of weights that are zero in only one of the two; largest relative distance ||a - b|| / ||a|| of a tensor; number of
/// tensors with equal bits. Nothing is written.
#[derive(Debug, Args)]
#[command(after_help = COMPARE_EXAMPLES)]
pub(crate) struct CompareArgs {
    /// First model, usually the dense one
    #[arg(value_name = "A")]
    first: PathBuf,
    /// Second model
    #[arg(value_name = "B")]
    second: PathBuf,
    /// Print every tensor, in one JSON object
    #[arg(long)]
    json: bool,
}

/// Compares two models.
pub(crate) fn run(args: &CompareArgs) -> Result<(), CliError> {
    let (first, second) = (Checkpoint::open(&args.first)?, Checkpoint::open(&args.second)?);
    let comparison = secateurs::compare(&first, &second)?;
    let total = Totals::of("all tensors", &comparison.tensors.iter().collect::<Vec<_>>());
    if args.json {
        print_json(&CompareResult {
            total,
            comparison: &comparison,
        })
    } else {
        print(&describe(&comparison, &total))
    }
}

/// The object of `--json`.
#[derive(Debug, Serialize)]
struct CompareResult<'a> {
    total: Totals,
    #[serde(flatten)]
    comparison: &'a Comparison,
}

/// Differences of some tensors, taken together.
#[derive(Debug, Serialize)]
struct Totals {
    kind: String,
    tensors: usize,
    /// Tensors that are the same to the bit.
    identical: usize,
    sparsity: (f64, f64),
    mask_difference: f64,
    largest_relative_distance: f64,
}

impl Totals {
    fn of(kind: &str, tensors: &[&TensorDifference]) -> Self {
        let size = |tensor: &TensorDifference| tensor.shape.iter().product::<usize>() as f64;
        let all: f64 = tensors.iter().map(|tensor| size(tensor)).sum();
        let mean = |share: &dyn Fn(&TensorDifference) -> f64| {
            tensors.iter().map(|tensor| size(tensor) * share(tensor)).sum::<f64>() / all.max(1.0)
        };
        Self {
            kind: kind.to_owned(),
            tensors: tensors.len(),
            identical: tensors.iter().filter(|tensor| tensor.identical).count(),
            sparsity: (mean(&|tensor| tensor.sparsity.0), mean(&|tensor| tensor.sparsity.1)),
            mask_difference: mean(&|tensor| tensor.mask_difference),
            largest_relative_distance: tensors.iter().map(|tensor| tensor.relative_distance).fold(0.0, larger),
        }
    }
}

fn describe(comparison: &Comparison, total: &Totals) -> String {
    let mut kinds: Vec<(String, Vec<&TensorDifference>)> = Vec::new();
    for tensor in &comparison.tensors {
        let kind = kind_of(&tensor.name);
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, tensors)) => tensors.push(tensor),
            None => kinds.push((kind, vec![tensor])),
        }
    }
    let mut table = Table::new(&[
        "tensors",
        "count",
        "zero in A",
        "zero in B",
        "in one only",
        "distance",
        "identical",
    ]);
    for (kind, tensors) in &kinds {
        add(&mut table, &Totals::of(kind, tensors));
    }
    add(&mut table, total);
    let mut text = table.render();
    for (which, names) in [("A", &comparison.only_first), ("B", &comparison.only_second)] {
        if !names.is_empty() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "only in {which}: {}", names.join(", "));
        }
    }
    text
}

fn add(table: &mut Table, totals: &Totals) {
    table.row([
        totals.kind.clone(),
        totals.tensors.to_string(),
        percent(totals.sparsity.0),
        percent(totals.sparsity.1),
        percent(totals.mask_difference),
        format!("{:.4}", totals.largest_relative_distance),
        totals.identical.to_string(),
    ]);
}

/// The larger number, where not-a-number is larger than all.
fn larger(a: f64, b: f64) -> f64 {
    if b.is_nan() || b > a { b } else { a }
}
