//! The seam between the driver and a method that prunes a whole block.

use std::collections::BTreeMap;

use secateurs_importance::GradientStats;
use secateurs_tensor::{LayerReport, PathRules, Pattern, WeightMatrix};

use crate::blocks::passes::selected_weights;
use crate::blocks::plan::Progress;
use crate::blocks::store::BlockStore;
use crate::error::PruneError;

/// Prunes a model's blocks one at a time.
///
/// Every [`LayerMethod`](crate::LayerMethod) is one: it prunes the layers of a block one after another, on statistics that
/// the driver collects. [`Safe`](crate::Safe) trains the block as a whole.
pub trait BlockMethod<S: BlockStore> {
    /// The field's name of the method, in lower case.
    fn name(&self) -> &str;

    /// Whether the method needs calibration data that flow through the blocks.
    fn requires_calibration(&self) -> bool;

    /// Prunes one dense block and reports its layers.
    ///
    /// # Errors
    ///
    /// If the method fails on the block, or lacks data that it needs.
    fn prune_block(
        &self,
        task: BlockTask<'_, S>,
        listener: &mut dyn FnMut(Progress<'_>),
    ) -> Result<PrunedBlock<S::Block>, PruneError>;
}

/// One block to be pruned.
pub struct BlockTask<'a, S: BlockStore> {
    /// The model that holds the block.
    pub store: &'a S,
    /// Index of the block.
    pub index: usize,
    /// The block before pruning.
    pub dense: S::Block,
    /// Outputs of the pruned blocks before it, one flow per calibration batch.
    pub inputs: &'a [S::Flow],
    /// Number of zeros, and the places where they may stand.
    pub pattern: Pattern,
    /// Rules over the whole model that choose the pruned parameters.
    pub rules: &'a PathRules,
    /// Gradients of the loss of the whole dense model, by the path of the weight in the model.
    pub model_gradients: Option<&'a BTreeMap<String, GradientStats>>,
}

/// A pruned block.
pub struct PrunedBlock<B> {
    /// The block with its zeros.
    pub block: B,
    /// Reports on its layers, under their paths in the whole model.
    pub layers: Vec<LayerReport>,
}

impl<S: BlockStore> BlockTask<'_, S> {
    /// Path of the block in the whole model.
    pub fn path(&self) -> String {
        self.store.path(self.index)
    }

    /// The weights to be pruned, by their paths within the block.
    pub fn weights(&self) -> BTreeMap<String, WeightMatrix> {
        selected_weights(&self.dense, &self.path(), self.rules)
    }
}
