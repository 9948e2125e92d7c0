//! SAFE: block after block trained to reproduce its dense output, flatly and sparsely.

use std::ops::Range;
use std::time::Instant;

use burn::module::Module;
use burn::tensor::Tensor;
use secateurs_tensor::{LayerReport, PathRules, Pattern, Report};
use serde::{Deserialize, Serialize};

use crate::blocks::block::BlockStore;
use crate::blocks::driver::{Walk, layer_reports, selected_weights};
use crate::train::{AdamSettings, AdmmSettings, Constraint, Gradients, LearningRate, Penalty, TrainConfig, Trainer};
use crate::{Progress, PruneError};

/// Settings of SAFE.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Safe {
    /// Times that every calibration batch is seen.
    pub epochs: usize,
    /// Epochs of warm-up among them.
    pub warmup_epochs: usize,
    /// Calibration tensors in a batch.
    pub batch_size: usize,
    /// Highest learning rate.
    pub learning_rate: f64,
    /// Weight of the distance to the sparse copy.
    pub lambda: f64,
    /// Steps from one sparse copy to the next.
    pub interval: usize,
    /// Radius within which the loss is to stay low.
    pub sharpness: f64,
}

impl Default for Safe {
    /// As published for language models.
    fn default() -> Self {
        Self {
            epochs: 30,
            warmup_epochs: 2,
            batch_size: 8,
            learning_rate: 2e-4,
            lambda: 1e-3,
            interval: 32,
            sharpness: 2e-4,
        }
    }
}

/// What [`Safe::prune_blocks`] does to every block.
pub struct SafePlan<'a> {
    /// One pattern per block.
    pub patterns: &'a [Pattern],
    /// Which parameters of the whole model may be pruned.
    pub rules: &'a PathRules,
    /// The first block to prune; those before it were stored by an earlier run.
    pub first_block: usize,
}

impl Safe {
    /// Prunes a model block by block: each block is trained to minimise
    ///
    /// ```text
    /// max_{||e|| <= sharpness} ||block(x; w + e) - block(x; w_dense)||^2 / n   so that   w follows the pattern
    /// ```
    ///
    /// on the inputs `x` that the pruned blocks before it produce, by the same alternation as in ELSA ([`Trainer`]).
    /// All parameters of a block are trained, its norms too.
    ///
    /// # Errors
    ///
    /// If a setting is out of its range, the plan does not fit the model, training diverges, or the store fails. Blocks
    /// stored before the error stay stored.
    ///
    /// # References
    ///
    /// SAFE, ICML 2025 (arXiv 2506.06866). **Deviates:** exact counts; f32 throughout.
    pub fn prune_blocks<S: BlockStore>(
        &self,
        store: &mut S,
        hidden: Vec<Tensor<3>>,
        plan: &SafePlan<'_>,
        listener: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Report, PruneError> {
        let walk = Walk {
            method: "safe",
            patterns: plan.patterns,
            first_block: plan.first_block,
            calibrates: true,
        };
        walk.run(store, hidden, listener, &mut |store, dense, hidden, listener| {
            let (block, layers) = self.prune_one(store, dense, hidden, plan)?;
            layers.iter().for_each(|layer| listener(Progress::Layer(layer)));
            Ok((block, layers))
        })
    }

    fn prune_one<S: BlockStore>(
        &self,
        store: &S,
        (index, dense): (usize, S::Block),
        hidden: &[Tensor<3>],
        plan: &SafePlan<'_>,
    ) -> Result<(S::Block, Vec<LayerReport>), PruneError> {
        let started = Instant::now();
        let path = store.path(index);
        let selected = selected_weights(&dense, &path, plan.rules);
        if selected.is_empty() {
            return Ok((dense, Vec::new()));
        }
        let batches = self.batches(hidden);
        let targets: Vec<Tensor<3>> = hidden
            .iter()
            .map(|x| store.forward(&dense, x.clone(), &mut ()))
            .collect();
        let config = self.config(
            plan.patterns[index],
            &selected.keys().cloned().collect::<Vec<_>>(),
            batches.len(),
        )?;
        let mut trainer = Trainer::new(dense.train(), config)?;
        while !trainer.is_done() {
            trainer.step(&mut |block, batch| {
                let range = batches[batch.index % batches.len()].clone();
                let join = |tensors: &[Tensor<3>]| Tensor::from_inner(Tensor::cat(tensors.to_vec(), 0));
                let out = store.forward(block, join(&hidden[range.clone()]), &mut ());
                let error = out - join(&targets[range]);
                Gradients::of(error.powi_scalar(2).mean(), block, batch)
            })?;
        }
        let (block, masks) = trainer.finish()?;
        let block = block.valid();
        let seconds = started.elapsed().as_secs_f64();
        let layers = layer_reports(&block, (&path, &masks), Some(plan.patterns[index]), seconds);
        Ok((block, layers))
    }

    /// Ranges of tensors that go through a block together: neighbours with sequences of one length.
    fn batches(&self, hidden: &[Tensor<3>]) -> Vec<Range<usize>> {
        let mut batches = Vec::new();
        let mut start = 0;
        for alike in hidden.chunk_by(|a, b| a.dims()[1] == b.dims()[1]) {
            for batch in alike.chunks(self.batch_size.max(1)) {
                batches.push(start..start + batch.len());
                start += batch.len();
            }
        }
        batches
    }

    fn config(&self, pattern: Pattern, paths: &[String], n_batches: usize) -> Result<TrainConfig, PruneError> {
        let rules = PathRules::new(paths.iter().cloned(), [""; 0])?;
        let admm = AdmmSettings {
            interval: self.interval,
            penalty: Penalty::constant(self.lambda),
            ..AdmmSettings::new(pattern, rules)
        };
        Ok(TrainConfig {
            learning_rate: LearningRate {
                warmup: self.warmup_epochs * n_batches,
                ..LearningRate::linear(self.learning_rate)
            },
            adam: AdamSettings::default(),
            max_norm: None,
            sharpness: self.sharpness,
            ..TrainConfig::new(self.epochs * n_batches, self.learning_rate, Constraint::Admm(admm))
        })
    }
}
