//! The block-sequential driver: dense forward, collect, prune, forward again.

use std::collections::BTreeMap;
use std::time::Instant;

use burn::module::Module;
use burn::tensor::Tensor;
use secateurs_tensor::{LayerReport, MaskSet, PathRules, Pattern, Report, WeightMatrix, read_weights};

use crate::blocks::block::BlockStore;
use crate::blocks::collect::{Collector, SiteStatistics};
use crate::blocks::replace::replace_weights;
use crate::{Compensate, LayerProblem, PruneError, Statistics, StepReport};

/// What the driver does to every block.
pub struct BlockPlan<'a> {
    /// Method that chooses and compensates.
    pub method: &'a dyn Compensate,
    /// One pattern per block.
    pub patterns: &'a [Pattern],
    /// Which parameters of the whole model may be pruned.
    pub rules: &'a PathRules,
    /// The first block to prune; those before it were stored by an earlier run.
    pub first_block: usize,
}

/// Something that has ended in a run; [`prune_blocks`] calls its listener with it.
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

/// Prunes a model block by block.
///
/// `hidden` holds the input of block 0, one tensor `[batch, n_tokens, d_model]` a calibration batch. For each block:
/// run every batch through the dense block while statistics of the inputs of its linears are collected; prune all its
/// linears; store the block; run every batch through the stored block to make the inputs of the next one. One block,
/// its statistics and the hidden states are in memory at a time. Blocks before `plan.first_block` are only run.
///
/// # Errors
///
/// If the plan does not fit the model, if a statistic or weight is not finite, if the method fails on a layer, or if
/// the store does. Blocks stored before the error stay stored.
///
/// # References
///
/// The scheme of SparseGPT (arXiv 2301.00774) and Wanda (arXiv 2306.11695) without `true_sequential`.
pub fn prune_blocks<S: BlockStore>(
    store: &mut S,
    hidden: Vec<Tensor<3>>,
    plan: &BlockPlan<'_>,
    listener: &mut dyn FnMut(Progress<'_>),
) -> Result<Report, PruneError> {
    let walk = Walk {
        method: plan.method.name(),
        patterns: plan.patterns,
        first_block: plan.first_block,
        calibrates: plan.method.statistics() != Statistics::None,
    };
    walk.run(store, hidden, listener, &mut |store, dense, hidden, listener| {
        prune_one(store, dense, hidden, plan, listener)
    })
}

/// The way through the blocks of a model that all methods share.
pub(crate) struct Walk<'a> {
    pub(crate) method: &'a str,
    pub(crate) patterns: &'a [Pattern],
    pub(crate) first_block: usize,
    /// Whether hidden states are needed.
    pub(crate) calibrates: bool,
}

/// What is done to a dense block of a given index, given the hidden states that reach it.
pub(crate) type PruneBlock<'a, S> = dyn FnMut(
        &S,
        (usize, <S as BlockStore>::Block),
        &[Tensor<3>],
        &mut dyn FnMut(Progress<'_>),
    ) -> Result<(<S as BlockStore>::Block, Vec<LayerReport>), PruneError>
    + 'a;

impl Walk<'_> {
    /// Runs stored blocks, prunes and stores the others; each sees what the stored ones before it produce.
    pub(crate) fn run<S: BlockStore>(
        &self,
        store: &mut S,
        mut hidden: Vec<Tensor<3>>,
        listener: &mut dyn FnMut(Progress<'_>),
        prune: &mut PruneBlock<'_, S>,
    ) -> Result<Report, PruneError> {
        let n_blocks = store.n_blocks();
        if self.patterns.len() != n_blocks {
            return Err(PruneError::PatternCount {
                expected: n_blocks,
                got: self.patterns.len(),
            });
        }
        if hidden.is_empty() && self.calibrates {
            return Err(PruneError::NoCalibration);
        }
        let started = Instant::now();
        let mut report = Report {
            method: self.method.to_owned(),
            pattern: describe(self.patterns),
            scope: None,
            layers: Vec::new(),
            units: Vec::new(),
            cost: None,
            seconds: 0.0,
            peak_rss_bytes: None,
            notes: Vec::new(),
        };
        for block in 0..self.first_block.min(n_blocks) {
            let stored = store.load(block).map_err(PruneError::store)?;
            forward_all(store, &stored, &mut hidden);
            listener(Progress::Replayed { block, n_blocks });
        }
        for index in self.first_block..n_blocks {
            let _span = tracing::info_span!("prune_block", index).entered();
            let dense = store.load(index).map_err(PruneError::store)?;
            let (block, mut layers) = prune(store, (index, dense), &hidden, listener)?;
            let stored = store.store(index, block).map_err(PruneError::store)?;
            count_zeros(&stored, &store.path(index), &mut layers);
            if index + 1 < n_blocks {
                forward_all(store, &stored, &mut hidden);
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
}

/// Prunes one dense block on the hidden states that reach it.
fn prune_one<S: BlockStore>(
    store: &S,
    (block, dense): (usize, S::Block),
    hidden: &[Tensor<3>],
    plan: &BlockPlan<'_>,
    listener: &mut dyn FnMut(Progress<'_>),
) -> Result<(S::Block, Vec<LayerReport>), PruneError> {
    let block_path = store.path(block);
    let weights = selected_weights(&dense, &block_path, plan.rules);
    let mut collector = Collector::new(plan.method.statistics(), weights.keys().cloned().collect());
    collect(store, &dense, hidden, &mut collector)?;
    listener(Progress::Collected {
        block,
        n_blocks: store.n_blocks(),
    });
    let sites = collector.finish();
    let mut pruned = BTreeMap::new();
    let mut layers = Vec::with_capacity(weights.len());
    for (path, weight) in weights {
        let full_path = format!("{block_path}.{path}");
        let site = sites.of(&path);
        let (weight, layer) = prune_layer(&full_path, &weight, site, plan.patterns[block], plan.method)?;
        listener(Progress::Layer(&layer));
        layers.push(layer);
        pruned.insert(path, weight);
    }
    Ok((replace_weights(dense, pruned)?, layers))
}

fn prune_layer(
    path: &str,
    weight: &WeightMatrix,
    site: Option<&SiteStatistics>,
    pattern: Pattern,
    method: &dyn Compensate,
) -> Result<(WeightMatrix, LayerReport), PruneError> {
    weight.check_finite(path)?;
    if site.is_none() && method.statistics() != Statistics::None {
        return Err(PruneError::NotObserved { path: path.to_owned() });
    }
    let problem = LayerProblem {
        path,
        weight,
        gram: site.and_then(SiteStatistics::gram),
        input_norms: site.map(SiteStatistics::input_norms),
        pattern,
    };
    let started = Instant::now();
    let solution = method.solve(&problem)?;
    let seconds = started.elapsed().as_secs_f64();
    let pruned = solution.weight;
    pruned.check_finite(path)?;
    let layer = LayerReport {
        path: path.to_owned(),
        dims: weight.dims(),
        requested_sparsity: pattern.sparsity(),
        requested_pruned: method.pruned_count(pattern, weight.dims()),
        pruned: pruned.n_zeros(),
        seconds,
        relative_error: problem.gram.map(|gram| gram.relative_error(weight, &pruned)),
        events: solution.events,
    };
    Ok((pruned, layer))
}

/// Reports on layers that were pruned together in `seconds`, with zeros counted in the result.
///
/// Paths of masks are those within the module, which `module_path` precedes in reports. `pattern` is what every layer was
/// asked to follow; where layers competed, what a mask says was asked for.
pub fn layer_reports<M: Module>(
    module: &M,
    (module_path, masks): (&str, &MaskSet),
    pattern: Option<Pattern>,
    seconds: f64,
) -> Vec<LayerReport> {
    let rules = PathRules::new(masks.keys().cloned(), [""; 0]).expect("paths are globs");
    let weights = read_weights(module, &rules);
    let n_weights: usize = weights.iter().map(|(_, weight)| weight.len()).sum();
    let layer = |(path, weight): &(String, WeightMatrix)| LayerReport {
        path: if module_path.is_empty() {
            path.clone()
        } else {
            format!("{module_path}.{path}")
        },
        dims: weight.dims(),
        requested_sparsity: pattern.map_or_else(|| masks[path].sparsity(), Pattern::sparsity),
        requested_pruned: pattern.map_or_else(|| masks[path].n_pruned(), |p| p.pruned_count(weight.dims())),
        pruned: weight.n_zeros(),
        seconds: seconds * weight.len() as f64 / n_weights as f64,
        relative_error: None,
        events: Vec::new(),
    };
    weights.iter().map(layer).collect()
}

/// Counts the zeros of layers in the block as it was stored: whatever made them.
fn count_zeros<M: Module>(stored: &M, block_path: &str, layers: &mut [LayerReport]) {
    for (path, weight) in read_weights(stored, &everything()) {
        let path = format!("{block_path}.{path}");
        if let Some(layer) = layers.iter_mut().find(|layer| layer.path == path) {
            layer.pruned = weight.n_zeros();
        }
    }
}

fn everything() -> PathRules {
    PathRules::new(["*"], [""; 0]).expect("a star is a glob")
}

/// Shows every batch to the collector, through the dense block.
pub(crate) fn collect<S: BlockStore>(
    store: &S,
    dense: &S::Block,
    hidden: &[Tensor<3>],
    collector: &mut Collector,
) -> Result<(), PruneError> {
    if collector.is_idle() {
        return Ok(());
    }
    for batch in hidden {
        store.observe(dense, batch.clone(), collector);
        collector.check()?;
    }
    Ok(())
}

/// Runs every batch through the block, in place.
pub(crate) fn forward_all<S: BlockStore>(store: &S, block: &S::Block, hidden: &mut [Tensor<3>]) {
    for batch in hidden {
        *batch = store.forward(block, batch.clone(), &mut ());
    }
}

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

/// One pattern for all blocks by its name, different ones by their mean sparsity.
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
