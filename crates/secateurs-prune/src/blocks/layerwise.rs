//! Layer-wise methods on a block: collect, then prune each layer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use secateurs_importance::GradientStats;
use secateurs_tensor::{GradientNeed, LayerReport, Needs, WeightMatrix, replace_weights};

use crate::blocks::collect::{Collector, SiteStatistics};
use crate::blocks::method::{BlockMethod, BlockTask, PrunedBlock};
use crate::blocks::passes::collect;
use crate::blocks::plan::Progress;
use crate::blocks::regional::collect_with_gradients;
use crate::blocks::store::BlockStore;
use crate::{LayerMethod, LayerProblem, PruneError};

impl<S: BlockStore, M: LayerMethod + ?Sized> BlockMethod<S> for M {
    fn name(&self) -> &str {
        LayerMethod::name(self)
    }

    fn requires_calibration(&self) -> bool {
        self.needs().requires_calibration()
    }

    fn prune_block(
        &self,
        task: BlockTask<'_, S>,
        listener: &mut dyn FnMut(Progress<'_>),
    ) -> Result<PrunedBlock<S::Block>, PruneError> {
        let weights = task.weights();
        let block_path = task.path();
        let evidence = Evidence::collect(&task, self.needs(), weights.keys().cloned().collect())?;
        listener(Progress::Collected {
            block: task.index,
            n_blocks: task.store.n_blocks(),
        });
        let mut pruned = BTreeMap::new();
        let mut layers = Vec::with_capacity(weights.len());
        for (path, weight) in weights {
            let full_path = format!("{block_path}.{path}");
            weight.check_finite(&full_path)?;
            let mut problem = LayerProblem::new(&full_path, &weight, task.pattern);
            evidence.complete(&mut problem, &path, LayerMethod::name(self))?;
            let (weight, layer) = prune_layer(&problem, self)?;
            listener(Progress::Layer(&layer));
            layers.push(layer);
            pruned.insert(path, weight);
        }
        Ok(PrunedBlock {
            block: replace_weights(task.dense, pruned)?,
            layers,
        })
    }
}

/// Data about a block's layers besides their weights.
struct Evidence<'a> {
    needs: Needs,
    inputs: Collector,
    /// Gradients of the block's output, by the path within the block.
    regional: BTreeMap<String, GradientStats>,
    /// Gradients of the model's loss, by the path in the model.
    model: Option<&'a BTreeMap<String, GradientStats>>,
}

impl<'a> Evidence<'a> {
    fn collect<S: BlockStore>(
        task: &BlockTask<'a, S>,
        needs: Needs,
        paths: BTreeSet<String>,
    ) -> Result<Self, PruneError> {
        let mut inputs = Collector::new(needs.inputs, paths.clone());
        let regional = match needs.gradients {
            GradientNeed::Block if !paths.is_empty() => collect_with_gradients(task, paths, &mut inputs)?,
            _ => {
                collect(task.store, &task.dense, task.inputs, &mut inputs)?;
                BTreeMap::new()
            }
        };
        Ok(Self {
            needs,
            inputs: inputs.finish(),
            regional,
            model: task.model_gradients,
        })
    }

    /// Adds the data that `method` needs to the problem of the layer at `path` within the block.
    fn complete<'p>(&'p self, problem: &mut LayerProblem<'p>, path: &str, method: &str) -> Result<(), PruneError> {
        let site = self.inputs.of(path);
        if site.is_none() && self.inputs.is_wanted() {
            let path = problem.path.to_owned();
            return Err(PruneError::NotObserved { path });
        }
        problem.gram = site.and_then(SiteStatistics::gram);
        problem.input_norms = site.map(SiteStatistics::input_norms);
        problem.gradients = match self.needs.gradients {
            GradientNeed::None => None,
            GradientNeed::Block => self.regional.get(path),
            GradientNeed::Model => self.model.and_then(|gradients| gradients.get(problem.path)),
        };
        if problem.gradients.is_none() && self.needs.gradients != GradientNeed::None {
            return Err(PruneError::NoGradients {
                path: problem.path.to_owned(),
                method: method.to_owned(),
            });
        }
        Ok(())
    }
}

fn prune_layer<M: LayerMethod + ?Sized>(
    problem: &LayerProblem<'_>,
    method: &M,
) -> Result<(WeightMatrix, LayerReport), PruneError> {
    let LayerProblem {
        path, weight, pattern, ..
    } = *problem;
    let started = Instant::now();
    let solution = method.solve(problem)?;
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
