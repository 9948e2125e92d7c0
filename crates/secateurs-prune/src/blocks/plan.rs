//! Plan and progress of pruning the blocks of a model.

use std::collections::BTreeMap;

use secateurs_importance::GradientStats;
use secateurs_tensor::{LayerReport, PathRules, Pattern};
use secateurs_train::StepReport;

/// The method, patterns and rules by which [`prune_blocks`](crate::prune_blocks) treats every block.
pub struct BlockPlan<'a, M: ?Sized> {
    /// The method: a [`LayerMethod`](crate::LayerMethod), [`Safe`](crate::Safe) or another [`BlockMethod`](crate::BlockMethod).
    pub method: &'a M,
    /// One pattern per block.
    pub patterns: &'a [Pattern],
    /// Rules over the whole model that choose the pruned parameters.
    pub rules: &'a PathRules,
    /// The first block to prune; an earlier run stored the blocks before it.
    pub first_block: usize,
    /// Gradients of the loss of the whole dense model, by the path of the weight in the model; for methods that
    /// [need](secateurs_tensor::GradientNeed::Model) them.
    pub model_gradients: Option<&'a BTreeMap<String, GradientStats>>,
}

impl<'a, M: ?Sized> BlockPlan<'a, M> {
    /// A plan for all blocks by `method`, without gradients of the model.
    pub fn new(method: &'a M, patterns: &'a [Pattern], rules: &'a PathRules) -> Self {
        Self {
            method,
            patterns,
            rules,
            first_block: 0,
            model_gradients: None,
        }
    }
}

/// A finished step of a run; [`prune_blocks`](crate::prune_blocks) calls its listener with it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// An already pruned block was run again after a restart.
    Replayed {
        /// Index of the block.
        block: usize,
        /// Number of blocks.
        n_blocks: usize,
    },
    /// Gradients of the dense model's loss on a calibration sequence were taken.
    Differentiated {
        /// Index of the sequence.
        sequence: usize,
        /// Number of sequences.
        n_sequences: usize,
    },
    /// The statistics of a block are complete.
    Collected {
        /// Index of the block.
        block: usize,
        /// Number of blocks.
        n_blocks: usize,
    },
    /// A layer is pruned; its zeros are counted again once its block is stored.
    Layer(&'a LayerReport),
    /// The whole model was trained one step further.
    Trained {
        /// The step.
        step: &'a StepReport,
        /// Number of steps.
        n_steps: usize,
    },
    /// A block is stored.
    Stored {
        /// Index of the block.
        block: usize,
        /// Number of blocks.
        n_blocks: usize,
        /// The layers of this block.
        layers: &'a [LayerReport],
    },
}
