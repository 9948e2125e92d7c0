//! The plan of a pruning run, checked before any work.

use secateurs_data::Checkpoint;
use secateurs_models::ModelShape;
use secateurs_prune::PruneError;
use secateurs_tensor::{MaskSet, Pattern};
use serde::{Serialize, Serializer};

use crate::prune::algorithm::{Algorithm, WholeModel};
use crate::prune::error::PruneJobError;
use crate::prune::recipes::recipe::{AllocationRecipe, Recipe};
use crate::prune::recipes::selection::{BlockMatrix, block_matrices};
use crate::run::source::check_source;

/// Preview of a pruning run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PrunePlan {
    /// The blocks in order.
    pub blocks: Vec<PlannedBlock>,
    /// Number of bytes of the weights to be written.
    pub output_bytes: u64,
}

/// Preview of a pruning run for one block.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PlannedBlock {
    /// The pattern; none if the calibration text decides it.
    #[serde(serialize_with = "as_text")]
    pub pattern: Option<Pattern>,
    /// Number of layers to prune.
    pub layers: usize,
    /// Number of weights in these layers.
    pub weights: u64,
    /// Number of weights to remove, where the pattern is known.
    pub pruned: Option<u64>,
}

impl PrunePlan {
    /// Number of layers to prune.
    pub fn n_layers(&self) -> usize {
        self.blocks.iter().map(|block| block.layers).sum()
    }
}

impl Recipe {
    /// Plans a run on a model. Neither its weights nor any text is read, and nothing is written.
    ///
    /// [`prune_checkpoint`](crate::prune_checkpoint) begins with this check.
    ///
    /// # Errors
    ///
    /// If the recipe cannot be followed on this model: an option that the method does not use or that is out of its range, a
    /// calibration or training text that is needed and not named, windows longer than the positions of the model, a glob that
    /// matches no layer, no layer left to prune, groups of an N:M pattern that do not tile the inputs of a layer, an
    /// allocation that does not fit the pattern or the number of blocks. If the model is of no known family or cannot be copied.
    pub fn check(&self, source: &Checkpoint) -> Result<PrunePlan, PruneJobError> {
        check_source(source)?;
        self.check_shape(&ModelShape::describe(source)?)
    }

    /// Plans a run on a model of this shape whose tokenizer and settings can be copied.
    ///
    /// # Errors
    ///
    /// As for [`check`](Self::check).
    pub fn check_shape(&self, shape: &ModelShape) -> Result<PrunePlan, PruneJobError> {
        let (algorithm, pattern) = (self.build()?, self.pattern()?);
        let matrices = self.selected_matrices(shape)?;
        self.check_pattern(pattern, shape, &matrices)?;
        if let Some(calibration) = self.needed_calibration()? {
            calibration.check(shape)?;
        }
        if let Algorithm::WholeModel(method) = &algorithm {
            self.check_training(method, shape)?;
        }
        Ok(self.plan(pattern, shape, &matrices))
    }

    /// The matrices to prune, at least one.
    fn selected_matrices(&self, shape: &ModelShape) -> Result<Vec<BlockMatrix>, PruneJobError> {
        let mut matrices = block_matrices(shape);
        self.rules
            .check_globs(matrices.iter().map(|matrix| matrix.path.as_str()))?;
        matrices.retain(|matrix| self.rules.selects(&matrix.path));
        if matrices.is_empty() {
            return Err(PruneError::NothingToPrune.into());
        }
        Ok(matrices)
    }

    /// Refuses a pattern that does not fit a layer, and an allocation that does not fit the pattern or the model.
    fn check_pattern(
        &self,
        pattern: Pattern,
        shape: &ModelShape,
        matrices: &[BlockMatrix],
    ) -> Result<(), PruneJobError> {
        let refused = match (pattern, &self.allocation) {
            (Pattern::Nm(nm), AllocationRecipe::Uniform) => {
                let mut refused = matrices.iter().filter_map(|matrix| {
                    let source = nm.check(matrix.dims[1]).err()?;
                    let path = matrix.path.clone();
                    Some(PruneError::Layer { path, source })
                });
                refused.next()
            }
            (Pattern::Nm(_), _) => Some(PruneError::FixedPattern {
                pattern: pattern.to_string(),
            }),
            (_, AllocationRecipe::PerBlock { sparsities }) if sparsities.len() != shape.n_blocks => {
                Some(PruneError::AllocationCount {
                    expected: shape.n_blocks,
                    got: sparsities.len(),
                })
            }
            _ => None,
        };
        refused.map_or(Ok(()), |refused| Err(refused.into()))
    }

    /// Refuses a training without a text, without windows or with a setting out of its range.
    fn check_training(&self, method: &WholeModel, shape: &ModelShape) -> Result<(), PruneJobError> {
        let training = self.needed_training()?;
        training.check_windows(shape)?;
        let trainer = match method {
            WholeModel::Masked(_) => training.masked_config(MaskSet::default()),
            WholeModel::Elsa(elsa) => training.elsa_config(self.pattern()?, &self.rules, elsa),
        };
        Ok(trainer.check()?)
    }

    fn plan(&self, pattern: Pattern, shape: &ModelShape, matrices: &[BlockMatrix]) -> PrunePlan {
        let planned = |index: usize| {
            let pattern = match &self.allocation {
                AllocationRecipe::Uniform => Some(pattern),
                AllocationRecipe::Owl { .. } => None,
                AllocationRecipe::PerBlock { sparsities } => Some(Pattern::Unstructured(sparsities[index])),
            };
            let matrices = || matrices.iter().filter(|matrix| matrix.block == index);
            let weights: usize = matrices().map(|matrix| matrix.dims.iter().product::<usize>()).sum();
            let pruned = |pattern: Pattern| matrices().map(|matrix| pattern.pruned_count(matrix.dims) as u64).sum();
            PlannedBlock {
                pattern,
                layers: matrices().count(),
                weights: weights as u64,
                pruned: pattern.map(pruned),
            }
        };
        PrunePlan {
            blocks: (0..shape.n_blocks).map(planned).collect(),
            output_bytes: (shape.n_parameters() * self.dtype.size()) as u64,
        }
    }
}

/// Writes a pattern as people do, `50%` or `2:4`.
fn as_text<S: Serializer>(pattern: &Option<Pattern>, serializer: S) -> Result<S::Ok, S::Error> {
    pattern.map(|pattern| pattern.to_string()).serialize(serializer)
}
