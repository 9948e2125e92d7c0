//! Passes of all calibration batches through a block, and the weights that a pass is made for.

use std::collections::BTreeMap;

use burn::module::Module;
use secateurs_tensor::{PathRules, WeightMatrix, read_weights};

use crate::blocks::collect::Collector;
use crate::blocks::report::everything;
use crate::blocks::store::BlockStore;
use crate::error::PruneError;

/// Shows every batch to the collector, through the dense block.
pub(crate) fn collect<S: BlockStore>(
    store: &S,
    dense: &S::Block,
    inputs: &[S::Flow],
    collector: &mut Collector,
) -> Result<(), PruneError> {
    if collector.is_idle() {
        return Ok(());
    }
    for batch in inputs {
        store.observe(dense, batch.clone(), collector);
        collector.check()?;
    }
    Ok(())
}

/// Runs every batch through the block, in place.
pub(crate) fn forward_all<S: BlockStore>(store: &S, block: &S::Block, inputs: &mut [S::Flow]) {
    for batch in inputs {
        *batch = store.forward(block, batch.clone(), &mut ());
    }
}

/// The weights of a block that rules over the whole model select, by their paths within the block.
pub(crate) fn selected_weights<M: Module>(
    block: &M,
    block_path: &str,
    rules: &PathRules,
) -> BTreeMap<String, WeightMatrix> {
    read_weights(block, &everything())
        .into_iter()
        .filter(|(path, _)| rules.selects(&format!("{block_path}.{path}")))
        .collect()
}
