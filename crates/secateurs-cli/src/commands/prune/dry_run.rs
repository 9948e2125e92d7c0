//! What a run would do: its layers, checked before any work, and the page of `--dry-run`.

use std::collections::BTreeMap;
use std::fmt::Write;

use secateurs::data::Checkpoint;
use secateurs::models::ModelShape;
use secateurs::tensor::Pattern;
use secateurs::{AllocationRecipe, BlockMatrix, Recipe, block_matrices};
use serde::Serialize;

use crate::error::CliError;
use crate::terminal::table::Table;
use crate::terminal::units::{bytes, percent, quantity};

/// What a run would do.
#[derive(Debug, Serialize)]
pub(crate) struct Plan {
    /// The blocks in order.
    pub(crate) blocks: Vec<PlannedBlock>,
    /// Bytes of the weights to be written.
    pub(crate) output_bytes: u64,
}

/// What a run would do to a block.
#[derive(Debug, Default, Serialize)]
pub(crate) struct PlannedBlock {
    /// The pattern; none where the calibration text decides.
    pub(crate) pattern: Option<String>,
    /// Number of layers to prune.
    pub(crate) layers: usize,
    /// Their weights.
    pub(crate) weights: u64,
    /// Weights to remove, where the pattern is known.
    pub(crate) pruned: Option<u64>,
}

impl Plan {
    /// Plans a run.
    ///
    /// # Errors
    ///
    /// If the model is not known, nothing is selected, or the pattern does not fit a layer.
    pub(crate) fn new(checkpoint: &Checkpoint, recipe: &Recipe) -> Result<Self, CliError> {
        let shape = ModelShape::describe(checkpoint).map_err(secateurs::Error::from)?;
        recipe.check(checkpoint)?;
        let mut blocks = BTreeMap::new();
        for block in 0..shape.n_blocks {
            let pattern = pattern_of(recipe, block)?;
            let name = pattern.map(|pattern| pattern.to_string());
            blocks.insert(
                block,
                PlannedBlock {
                    pattern: name,
                    pruned: pattern.map(|_| 0),
                    ..PlannedBlock::default()
                },
            );
        }
        for BlockMatrix { path, block, dims, .. } in block_matrices(&shape) {
            if !recipe.rules.selects(&path) {
                continue;
            }
            let pattern = pattern_of(recipe, block)?;
            let planned = blocks.entry(block).or_default();
            planned.layers += 1;
            planned.weights += (dims[0] * dims[1]) as u64;
            planned.pruned = planned
                .pruned
                .zip(pattern)
                .map(|(sum, pattern)| sum + pattern.pruned_count(dims) as u64);
        }
        Ok(Self {
            blocks: blocks.into_values().collect(),
            output_bytes: (shape.n_parameters() * recipe.dtype.size()) as u64,
        })
    }

    /// Number of layers to prune.
    pub(crate) fn n_layers(&self) -> usize {
        self.blocks.iter().map(|block| block.layers).sum()
    }

    /// The plan and the recipe for people.
    pub(crate) fn describe(&self, recipe: &Recipe) -> Result<String, CliError> {
        let mut text = format!("# resolved recipe\n{}\n# plan\n", recipe.to_toml()?);
        let mut table = Table::new(&["block", "pattern", "layers", "weights", "to remove", "share"]);
        for (index, block) in self.blocks.iter().enumerate() {
            table.row([
                index.to_string(),
                block.pattern.clone().unwrap_or_else(|| "by outliers".into()),
                block.layers.to_string(),
                quantity(block.weights),
                block.pruned.map_or("?".into(), quantity),
                block.pruned.map_or("?".into(), |pruned| {
                    percent(pruned as f64 / block.weights.max(1) as f64)
                }),
            ]);
        }
        text.push_str(&table.render());
        let _ = writeln!(
            text,
            "output: {} of weights as {}",
            bytes(self.output_bytes),
            recipe.dtype
        );
        text.push_str("nothing was written\n");
        Ok(text)
    }
}

/// The pattern of a block, where it is known beforehand.
fn pattern_of(recipe: &Recipe, block: usize) -> Result<Option<Pattern>, CliError> {
    Ok(match &recipe.allocation {
        AllocationRecipe::Uniform => Some(recipe.pattern()?),
        AllocationRecipe::Owl { .. } => None,
        AllocationRecipe::PerBlock { sparsities } => sparsities.get(block).copied().map(Pattern::Unstructured),
    })
}
