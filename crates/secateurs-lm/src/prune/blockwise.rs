//! A run that prunes block by block, streaming.

use std::time::Instant;

use burn::tensor::Tensor;
use secateurs_data::{Checkpoint, CheckpointWriter};
use secateurs_models::llama::{LlamaConfig, LlamaStore, planned_tensors};
use secateurs_prune::{Allocation, BlockMethod, BlockPlan, Progress, outlier_fractions, prune_blocks};
use secateurs_tensor::{Pattern, Report};

use crate::Error;
use crate::prune::journal::{self, Journal};
use crate::prune::notes;
use crate::prune::prune_job::PruneJob;
use crate::prune::recipe::{AllocationRecipe, Recipe};
use crate::run::memory::peak_rss_bytes;
use crate::run::output::{Claim, Overwrite};
use crate::text::windows::hash_tokens;
use crate::trace::calibration::CalibrationTokens;

/// A run that prunes block by block: one block, its statistics and the calibration activations are in memory at a time.
pub(crate) struct Blocks<'a> {
    pub job: &'a PruneJob<'a>,
    pub config: &'a LlamaConfig,
    pub calibration: &'a CalibrationTokens,
    pub claim: Claim<'a>,
}

/// A staging folder in which a run begins or goes on.
struct Begun {
    writer: CheckpointWriter,
    journal: Journal,
}

impl Blocks<'_> {
    pub(crate) fn run<M: BlockMethod<LlamaStore> + ?Sized>(
        mut self,
        source: Checkpoint,
        method: &M,
        listener: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Report, Error> {
        let begun = self.begin(&source)?;
        let finished = self.prune(source, method, begun, listener);
        let (store, mut report) = match finished {
            Ok(finished) => finished,
            Err(error) if error.may_pass() => return Err(error),
            Err(error) => {
                // Going on would end in the same error.
                self.claim.held.discard()?;
                return Err(error);
            }
        };
        let (source, writer) = store.into_parts();
        report.notes.extend(notes::of_rest(&source, &writer, &report)?);
        self.job.describe(&source, &writer, &report)?;
        let (output, held) = (self.claim.output, self.claim.held);
        output.replace(|| held.publish(|| writer.finish(self.job.out)))?;
        // Only now: had the run been interrupted before, the journal would be needed to go on.
        journal::remove(self.job.out)?;
        Ok(report)
    }

    /// Opens the staging folder of an unfinished run, or begins in it anew; by now the inputs are known to be usable, so that
    /// forcing a new run does not cost the old one for nothing.
    fn begin(&mut self, source: &Checkpoint) -> Result<Begun, Error> {
        let fresh = Journal {
            recipe: self.job.recipe.clone(),
            source: source.fingerprint()?,
            calibration: hash_tokens(&self.calibration.sequences),
            patterns: Vec::new(),
            n_stored: 0,
            layers: Vec::new(),
            seconds: 0.0,
        };
        let held = &mut self.claim.held;
        if self.job.overwrite == Overwrite::Resume {
            let journal = Journal::read(held.staging())?;
            journal.check_same(&fresh, held.staging())?;
            let writer = CheckpointWriter::open_existing(held.staging())?;
            return Ok(Begun { writer, journal });
        }
        held.clear()?;
        let writer = CheckpointWriter::create(held.staging(), planned_tensors(self.config), self.job.recipe.dtype)?;
        fresh.write(held.staging())?;
        Ok(Begun { writer, journal: fresh })
    }

    fn prune<M: BlockMethod<LlamaStore> + ?Sized>(
        &mut self,
        source: Checkpoint,
        method: &M,
        begun: Begun,
        listener: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(LlamaStore, Report), Error> {
        let Begun { writer, mut journal } = begun;
        let (started, earlier_seconds) = (Instant::now(), journal.seconds);
        let held = &mut self.claim.held;
        let staging = held.staging().to_owned();
        let sequences = &self.calibration.sequences;
        let n_tokens = sequences.iter().map(Vec::len).max().unwrap_or(1);
        let device = self.job.device.clone();
        let mut store = LlamaStore::new(source, writer, n_tokens, device)?.resumed_after(journal.n_stored);
        // What is outside the blocks needs no work, and may show that the output cannot be.
        store.copy_rest()?;
        if journal.patterns.is_empty() {
            journal.patterns = patterns(self.job.recipe, &store, sequences)?;
            journal.write(&staging)?;
        }
        let hidden = store.embed(sequences)?;
        let (patterns, first_block) = (journal.patterns.clone(), journal.n_stored);
        let mut journal_error = None;
        let mut note = |progress: Progress<'_>| {
            if let Progress::Stored { block, layers, .. } = &progress {
                journal.n_stored = block + 1;
                journal.layers.extend(layers.iter().cloned());
                journal.seconds = earlier_seconds + started.elapsed().as_secs_f64();
                journal_error = journal_error.take().or(journal.write(&staging).err());
                held.keep();
            }
            listener(progress);
        };
        let plan = BlockPlan {
            first_block,
            ..BlockPlan::new(method, &patterns, &self.job.recipe.rules)
        };
        let mut report = prune_blocks(&mut store, hidden, &plan, &mut note)?;
        journal_error.map_or(Ok(()), Err)?;
        report.notes.extend(self.calibration.notes.iter().cloned());
        report.layers = journal.layers;
        report.notes.extend(notes::of_counts(&report));
        report.seconds = earlier_seconds + started.elapsed().as_secs_f64();
        report.peak_rss_bytes = peak_rss_bytes();
        Ok((store, report))
    }
}

/// The pattern of each block.
fn patterns(recipe: &Recipe, store: &LlamaStore, windows: &[Vec<u32>]) -> Result<Vec<Pattern>, Error> {
    let n_blocks = store.family().n_blocks;
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
