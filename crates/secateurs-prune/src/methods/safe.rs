//! SAFE: block after block trained to reproduce its dense output, flatly and sparsely.

use std::ops::Range;
use std::time::Instant;

use burn::module::Module;
use secateurs_tensor::{MaskSet, PathRules, Pattern, Sparsity};
use secateurs_train::{
    AdamSettings, AdmmSettings, Constraint, Gradients, LearningRate, PenaltySchedule, TrainConfig, Trainer,
};
use serde::{Deserialize, Serialize};

use crate::blocks::flow::Flow;
use crate::blocks::method::{BlockMethod, BlockTask, PrunedBlock};
use crate::blocks::report::{PrunedTogether, layer_reports};
use crate::blocks::store::BlockStore;
use crate::{Progress, PruneError};

/// SAFE, a [`BlockMethod`]: each block is trained to minimise
///
/// ```text
/// max_{||e|| <= sharpness} ||block(x; w + e) - block(x; w_dense)||^2 / n   so that   w follows the pattern
/// ```
///
/// on the inputs `x` that the pruned blocks before it produce, by the same alternation as in ELSA ([`Trainer`]).
/// All parameters of a block are trained, its norms too. It fails if a setting is out of its range, or if training diverges.
///
/// # References
///
/// SAFE, ICML 2025 (arXiv 2506.06866). **Deviates:** exact counts; f32 throughout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Safe {
    /// Number of times that every calibration batch is seen.
    pub epochs: usize,
    /// Epochs of warm-up, counted in `epochs`.
    pub warmup_epochs: usize,
    /// Calibration tensors in a batch.
    pub batch_size: usize,
    /// Highest learning rate.
    pub learning_rate: f64,
    /// Weight of the distance to the sparse copy.
    pub lambda: f64,
    /// Steps from one sparse copy to the next.
    pub interval: usize,
    /// Radius of the neighbourhood in which the loss should stay low.
    pub sharpness: f64,
}

impl Default for Safe {
    /// The settings published for language models.
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

impl<S: BlockStore> BlockMethod<S> for Safe {
    fn name(&self) -> &str {
        "safe"
    }

    fn requires_calibration(&self) -> bool {
        true
    }

    fn prune_block(
        &self,
        task: BlockTask<'_, S>,
        listener: &mut dyn FnMut(Progress<'_>),
    ) -> Result<PrunedBlock<S::Block>, PruneError> {
        let started = Instant::now();
        let (path, pattern, selected) = (task.path(), task.pattern, task.weights());
        if selected.is_empty() {
            return Ok(PrunedBlock {
                block: task.dense,
                layers: Vec::new(),
            });
        }
        let paths: Vec<String> = selected.keys().cloned().collect();
        let (block, masks) = self.train(task, &paths)?;
        let layers = layer_reports(
            &block,
            &PrunedTogether {
                module_path: &path,
                masks: &masks,
                pattern: Some(pattern),
                seconds: started.elapsed().as_secs_f64(),
            },
        );
        layers.iter().for_each(|layer| listener(Progress::Layer(layer)));
        Ok(PrunedBlock { block, layers })
    }
}

impl Safe {
    /// Refuses settings out of range, as pruning does.
    ///
    /// # Errors
    ///
    /// Those of the trainer.
    pub fn check(&self) -> Result<(), PruneError> {
        // Neither the chosen weights nor the number of batches changes the ranges of settings.
        let config = self.config(Pattern::Unstructured(Sparsity::DENSE), &[], 1)?;
        Ok(config.check()?)
    }

    /// Trains a block to reproduce its dense outputs under the pattern.
    fn train<S: BlockStore>(
        &self,
        task: BlockTask<'_, S>,
        paths: &[String],
    ) -> Result<(S::Block, MaskSet), PruneError> {
        let BlockTask {
            store, dense, inputs, ..
        } = task;
        let batches = self.batches(inputs);
        let forward = |x: &S::Flow| store.forward(&dense, x.clone(), &mut ());
        let targets: Vec<S::Flow> = inputs.iter().map(forward).collect();
        let config = self.config(task.pattern, paths, batches.len())?;
        let mut trainer = Trainer::new(dense.train(), config)?;
        while !trainer.is_done() {
            trainer.step(&mut |block, batch| {
                let range = batches[batch.index % batches.len()].clone();
                let join = |flows: &[S::Flow]| S::Flow::join(flows).to_autodiff();
                let out = store.forward(block, join(&inputs[range.clone()]), &mut ());
                let error = out.minus(join(&targets[range]));
                Gradients::of(error.mean_square(), block, batch)
            })?;
        }
        let (block, masks) = trainer.finish()?;
        Ok((block.valid(), masks))
    }

    /// Ranges of flows that pass a block together: neighbours of one shape.
    fn batches<F: Flow>(&self, inputs: &[F]) -> Vec<Range<usize>> {
        let mut batches = Vec::new();
        let mut start = 0;
        for alike in inputs.chunk_by(F::can_join) {
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
            penalty: PenaltySchedule::constant(self.lambda),
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
