//! A run that prunes block by block, streaming.

use std::collections::BTreeMap;
use std::time::Instant;

use burn::tensor::Tensor;
use secateurs_data::{Checkpoint, CheckpointWriter, RunFolder};
use secateurs_importance::GradientStats;
use secateurs_models::{CheckpointStore, Family, ModelShape};
use secateurs_prune::{Allocation, BlockMethod, BlockPlan, Progress, outlier_fractions, prune_blocks};
use secateurs_tensor::{Pattern, Report};

use crate::prune::error::PruneJobError;
use crate::prune::gradients::{DenseModel, ModelGradients};
use crate::prune::journal::PruneJournal;
use crate::prune::notes;
use crate::prune::prune_job::{PruneJob, describe};
use crate::prune::recipes::recipe::{AllocationRecipe, Recipe};
use crate::run::cost::cost_change;
use crate::run::memory::peak_rss_bytes;
use crate::trace::calibration::CalibrationTokens;

/// A run that prunes block by block: one block, its statistics and the calibration activations are in memory at a time.
pub(crate) struct Blocks<'a, F> {
    pub job: &'a PruneJob<'a>,
    pub family: &'a F,
    pub calibration: &'a CalibrationTokens,
    /// The function that computes gradients of the model's loss, for methods that need them.
    pub gradients: Option<ModelGradients<F>>,
    pub run: RunFolder<PruneJournal>,
}

impl<F: Family> Blocks<'_, F> {
    pub(crate) fn run<M: BlockMethod<CheckpointStore<F>> + ?Sized>(
        mut self,
        source: Checkpoint,
        method: &M,
        listener: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Report, PruneJobError> {
        let writer = self.writer()?;
        let finished = self.model_gradients(&source, listener).and_then(|gradients| {
            let store = self.store(source, writer)?;
            self.prune(store, method, gradients.as_ref(), listener)
        });
        let (run, (store, mut report)) = self.run.settle(finished, PruneJobError::may_pass)?;
        let (source, writer) = store.into_parts();
        let shape = ModelShape::of(self.family);
        report
            .notes
            .extend(notes::of_rest(&source, &writer, &shape.tensors, &report)?);
        report.cost = Some(cost_change(&source, &writer, &shape)?);
        describe(&writer, &source, &report, &self.job.recipe.to_toml()?)?;
        run.publish(|out| writer.finish(out))?;
        Ok(report)
    }

    /// Opens the checkpoint of an unfinished run, or begins a new one.
    fn writer(&mut self) -> Result<CheckpointWriter, PruneJobError> {
        if self.run.is_resumed() {
            return Ok(CheckpointWriter::open_existing(self.run.folder())?);
        }
        let plan = ModelShape::of(self.family).planned();
        let writer = CheckpointWriter::create(self.run.folder(), plan, self.job.recipe.dtype)?;
        self.run.record(|_| {})?;
        Ok(writer)
    }

    /// Gradients of the dense model's loss, for a method that needs them.
    fn model_gradients(
        &self,
        source: &Checkpoint,
        listener: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Option<BTreeMap<String, GradientStats>>, PruneJobError> {
        let dense = DenseModel {
            family: self.family,
            source,
            rules: &self.job.recipe.rules,
            device: self.job.device,
        };
        let sequences = &self.calibration.sequences;
        self.gradients
            .map(|gradients| gradients(&dense, sequences, listener))
            .transpose()
    }

    fn store(&self, source: Checkpoint, writer: CheckpointWriter) -> Result<CheckpointStore<F>, PruneJobError> {
        let sequences = &self.calibration.sequences;
        let n_tokens = sequences.iter().map(Vec::len).max().unwrap_or(1);
        let store = CheckpointStore::new(source, writer, n_tokens, self.job.device.clone())?;
        Ok(store.resumed_after(self.run.journal().n_stored))
    }

    fn prune<M: BlockMethod<CheckpointStore<F>> + ?Sized>(
        &mut self,
        mut store: CheckpointStore<F>,
        method: &M,
        gradients: Option<&BTreeMap<String, GradientStats>>,
        listener: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(CheckpointStore<F>, Report), PruneJobError> {
        let (started, earlier_seconds) = (Instant::now(), self.run.journal().seconds);
        let seconds = || earlier_seconds + started.elapsed().as_secs_f64();
        // What is outside the blocks needs no work, and may show that the output cannot be.
        store.copy_rest()?;
        let patterns = self.patterns(&store)?;
        let hidden = if method.requires_calibration() {
            store.embed(&self.calibration.sequences)?
        } else {
            Vec::new()
        };
        let run = &mut self.run;
        let plan = BlockPlan {
            first_block: run.journal().n_stored,
            model_gradients: gradients,
            ..BlockPlan::new(method, &patterns, &self.job.recipe.rules)
        };
        let mut journal_error = None;
        let mut note = |progress: Progress<'_>| {
            if let Progress::Stored { block, layers, .. } = &progress {
                let kept = run.keep(|journal| {
                    journal.n_stored = block + 1;
                    journal.layers.extend(layers.iter().cloned());
                    journal.seconds = seconds();
                });
                journal_error = journal_error.take().or(kept.err());
            }
            listener(progress);
        };
        let mut report = prune_blocks(&mut store, hidden, &plan, &mut note)?;
        journal_error.map_or(Ok(()), Err)?;
        report.notes.extend(self.calibration.notes.iter().cloned());
        report.layers.clone_from(&run.journal().layers);
        report.notes.extend(notes::of_counts(&report));
        report.seconds = seconds();
        report.peak_rss_bytes = peak_rss_bytes();
        Ok((store, report))
    }

    /// The pattern of each block, determined once.
    fn patterns(&mut self, store: &CheckpointStore<F>) -> Result<Vec<Pattern>, PruneJobError> {
        if self.run.journal().patterns.is_empty() {
            let patterns = patterns(self.job.recipe, store, &self.calibration.sequences)?;
            self.run.record(|journal| journal.patterns = patterns)?;
        }
        Ok(self.run.journal().patterns.clone())
    }
}

/// The pattern of each block.
fn patterns<F: Family>(
    recipe: &Recipe,
    store: &CheckpointStore<F>,
    windows: &[Vec<u32>],
) -> Result<Vec<Pattern>, PruneJobError> {
    let n_blocks = store.family().n_blocks();
    let pattern = recipe.pattern()?;
    let allocation = match &recipe.allocation {
        AllocationRecipe::Uniform => Allocation::Uniform,
        AllocationRecipe::PerBlock { sparsities } => Allocation::PerBlock(sparsities.clone()),
        AllocationRecipe::Owl { m, lambda } => {
            let hidden: Vec<Tensor<3>> = store.embed(windows)?;
            let fractions = outlier_fractions(store, hidden, m.get(), &recipe.rules)?;
            Allocation::Owl {
                fractions,
                lambda: lambda.get(),
            }
        }
    };
    Ok(allocation.patterns(pattern, n_blocks)?)
}
