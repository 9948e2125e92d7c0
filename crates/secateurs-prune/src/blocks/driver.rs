//! The block-sequential driver: dense forward, collect, prune, forward again.

use std::time::Instant;

use secateurs_tensor::{Pattern, Report};

use crate::blocks::method::{BlockMethod, BlockTask};
use crate::blocks::passes::forward_all;
use crate::blocks::plan::{BlockPlan, Progress};
use crate::blocks::report::count_zeros;
use crate::blocks::store::BlockStore;
use crate::error::PruneError;

/// Prunes a model block by block.
///
/// `inputs` holds the input of block 0, one flow a calibration batch. For each block:
/// run every batch through the dense block while statistics of the inputs of its linears are collected; prune all its
/// linears; store the block; run every batch through the stored block to make the inputs of the next one. One block,
/// its statistics and the flows are in memory at a time. Blocks before `plan.first_block` are only run.
///
/// Scores that average over samples ([Fisher](secateurs_importance::Fisher), [Wanda++](secateurs_importance::WandaPlusPlus))
/// take a flow for a sample, so give them one sequence at a time.
///
/// # Errors
///
/// If the plan does not fit the model, if a statistic or weight is not finite, if gradients that the method needs are
/// absent, if the method fails on a layer, or if the store does. Blocks stored before the error stay stored.
///
/// # References
///
/// The scheme of SparseGPT (arXiv 2301.00774) and Wanda (arXiv 2306.11695) without `true_sequential`.
pub fn prune_blocks<S: BlockStore, M: BlockMethod<S> + ?Sized>(
    store: &mut S,
    mut inputs: Vec<S::Flow>,
    plan: &BlockPlan<'_, M>,
    listener: &mut dyn FnMut(Progress<'_>),
) -> Result<Report, PruneError> {
    let n_blocks = store.n_blocks();
    check(plan, n_blocks, inputs.len())?;
    let started = Instant::now();
    let mut report = Report {
        method: plan.method.name().to_owned(),
        pattern: describe(plan.patterns),
        scope: None,
        layers: Vec::new(),
        units: Vec::new(),
        cost: None,
        seconds: 0.0,
        peak_rss_bytes: None,
        notes: Vec::new(),
    };
    for block in 0..plan.first_block.min(n_blocks) {
        let stored = store.load(block).map_err(PruneError::store)?;
        forward_all(store, &stored, &mut inputs);
        listener(Progress::Replayed { block, n_blocks });
    }
    for index in plan.first_block..n_blocks {
        let _span = tracing::info_span!("prune_block", index).entered();
        let task = BlockTask {
            store: &*store,
            index,
            dense: store.load(index).map_err(PruneError::store)?,
            inputs: &inputs,
            pattern: plan.patterns[index],
            rules: plan.rules,
            model_gradients: plan.model_gradients,
        };
        let pruned = plan.method.prune_block(task, listener)?;
        let mut layers = pruned.layers;
        let stored = store.store(index, pruned.block).map_err(PruneError::store)?;
        count_zeros(&stored, &store.path(index), &mut layers);
        if index + 1 < n_blocks {
            forward_all(store, &stored, &mut inputs);
        }
        listener(Progress::Stored {
            block: index,
            n_blocks,
            layers: &layers,
        });
        report.layers.extend(layers);
    }
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

fn check<S: BlockStore, M: BlockMethod<S> + ?Sized>(
    plan: &BlockPlan<'_, M>,
    n_blocks: usize,
    n_inputs: usize,
) -> Result<(), PruneError> {
    if plan.patterns.len() != n_blocks {
        return Err(PruneError::PatternCount {
            expected: n_blocks,
            got: plan.patterns.len(),
        });
    }
    if n_inputs == 0 && plan.method.requires_calibration() {
        return Err(PruneError::NoCalibration);
    }
    Ok(())
}

/// The name of a pattern that all blocks share; otherwise the mean sparsity.
fn describe(patterns: &[Pattern]) -> String {
    match patterns {
        [] => "none".into(),
        [first, rest @ ..] if rest.iter().all(|p| p == first) => first.to_string(),
        _ => {
            let mean = patterns.iter().map(|p| p.sparsity()).sum::<f64>() / patterns.len() as f64;
            format!("{:.2}% on average", 100.0 * mean)
        }
    }
}
