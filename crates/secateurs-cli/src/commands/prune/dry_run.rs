//! The page of `--dry-run`.

use std::fmt::Write;

use secateurs::{PrunePlan, Recipe};
use serde::Serialize;

use crate::error::CliError;
use crate::terminal::print::{print, print_json};
use crate::terminal::table::Table;
use crate::terminal::units::{bytes, percent, quantity};

/// A recipe and its plan; the object of `--dry-run --json`.
#[derive(Debug, Serialize)]
pub(super) struct DryRun<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) plan: &'a PrunePlan,
}

impl DryRun<'_> {
    /// Prints one JSON object.
    pub(super) fn print_json(&self) -> Result<(), CliError> {
        print_json(self)
    }

    /// Prints a page for people.
    pub(super) fn print(&self) -> Result<(), CliError> {
        let mut text = format!("# resolved recipe\n{}\n# plan\n", self.recipe.to_toml()?);
        text.push_str(&self.blocks().render());
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "output: {} of weights as {}",
            bytes(self.plan.output_bytes),
            self.recipe.dtype
        );
        text.push_str("nothing was written\n");
        print(&text)
    }

    /// One row a block.
    fn blocks(&self) -> Table {
        let mut table = Table::new(&["block", "pattern", "layers", "weights", "to remove", "fraction"]);
        for (index, block) in self.plan.blocks.iter().enumerate() {
            let share = |pruned| percent(pruned as f64 / block.weights.max(1) as f64);
            table.row([
                index.to_string(),
                block
                    .pattern
                    .map_or_else(|| "by outliers".into(), |pattern| pattern.to_string()),
                block.layers.to_string(),
                quantity(block.weights),
                block.pruned.map_or("?".into(), quantity),
                block.pruned.map_or("?".into(), share),
            ]);
        }
        table
    }
}
