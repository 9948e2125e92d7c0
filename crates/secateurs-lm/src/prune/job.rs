//! Prunes a checkpoint into another one, streaming.

use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::tensor::{Device, Tensor};
use secateurs_data::{Checkpoint, CheckpointWriter, HeldOutput, OutputKind};
use secateurs_models::llama::{LlamaConfig, LlamaStore, planned_tensors};
use secateurs_prune::{Allocation, BlockPlan, Progress, outlier_fractions, prune_blocks};
use secateurs_tensor::{Pattern, Report, Scope};
use sha2::{Digest, Sha256};

use crate::Error;
use crate::pack::packed::is_packed;
use crate::prune::journal::{self, Journal};
use crate::prune::method::Method;
use crate::prune::notes;
use crate::prune::recipe::{AllocationRecipe, Recipe};
use crate::prune::selection::check_fits;
use crate::run::memory::peak_rss_bytes;
use crate::run::output::{Output, Overwrite};
use crate::trace::calibration::{Calibration, CalibrationTokens};
use crate::train;

/// A pruning run.
pub struct PruneJob<'a> {
    /// The model: a Hugging Face folder or a GGUF file.
    pub model: &'a Path,
    /// The folder to make.
    pub out: &'a Path,
    /// What to do.
    pub recipe: &'a Recipe,
    /// What to do with earlier output.
    pub overwrite: Overwrite,
    /// Where tensors are computed.
    pub device: &'a Device,
}

/// What a run did.
#[derive(Debug, Clone)]
pub struct PruneOutcome {
    /// The report, as stored beside the output.
    pub report: Report,
    /// Seconds spent choosing and compensating, without forward passes and files.
    pub solve_seconds: f64,
    /// Seconds of the whole run.
    pub total_seconds: f64,
}

/// Prunes a checkpoint block by block into a Hugging Face folder with `recipe.toml` and `report.json` beside the model.
///
/// One block, its statistics and the calibration activations are in memory at a time. Finished blocks are written at
/// once to a staging folder (see [`staging_path`](crate::staging_path)); a run that was interrupted goes on from there with
/// [`Overwrite::Resume`] and ends with the same bytes. The output folder appears by a rename, whole or not at all. While
/// the run lasts, no other job can write the same output.
///
/// # Errors
///
/// If another job writes the output, the inputs cannot be used, a layer cannot be pruned, or the output cannot be written.
/// The staging folder stays, to be resumed, if a block was finished and the error [may pass](Error::may_pass).
pub fn prune_checkpoint(job: &PruneJob<'_>, listener: &mut dyn FnMut(Progress<'_>)) -> Result<PruneOutcome, Error> {
    let started = Instant::now();
    check_scope(job.recipe)?;
    // It is stored beside the output.
    job.recipe.to_toml()?;
    let inputs = inputs(job);
    let output = Output {
        out: job.out,
        kind: OutputKind::Folder,
        inputs: &inputs,
        overwrite: job.overwrite,
    };
    let held = output.hold()?;
    let source = open_source(job.model)?;
    let config = LlamaConfig::open(&source)?;
    job.recipe.check(&config)?;
    check_fits(&source, &planned_tensors(&config), job.recipe.dtype)?;
    let claim = Claim { output, held };
    if job.recipe.method.trains_model() {
        return Ok(outcome(train::job::run(job, &source, claim, listener)?, started));
    }
    let calibration = calibration_tokens(job.recipe, &source)?;
    let blocks = Blocks {
        job,
        calibration: &calibration,
        claim,
    };
    Ok(outcome(blocks.run(source, &config, listener)?, started))
}

/// An output that was taken, and the way it was asked for.
pub(crate) struct Claim<'a> {
    pub output: Output<'a>,
    pub held: HeldOutput,
}

/// Opens a model of which a pruned copy can be made.
pub(crate) fn open_source(model: &Path) -> Result<Checkpoint, Error> {
    let source = Checkpoint::open(model)?;
    if is_packed(&source) {
        let path = model.to_owned();
        return Err(Error::IsPacked { path });
    }
    source.check_copyable()?;
    Ok(source)
}

/// Everything that a run reads.
fn inputs<'a>(job: &PruneJob<'a>) -> Vec<&'a Path> {
    let mut inputs = vec![job.model];
    inputs.extend(job.recipe.calibration.as_ref().map(Calibration::path));
    if let Some(training) = &job.recipe.training {
        inputs.extend(training.texts.iter().chain(&training.validation).map(PathBuf::as_path));
    }
    inputs
}

fn outcome(report: Report, started: Instant) -> PruneOutcome {
    PruneOutcome {
        solve_seconds: report.layers.iter().map(|layer| layer.seconds).sum(),
        total_seconds: started.elapsed().as_secs_f64(),
        report,
    }
}

fn check_scope(recipe: &Recipe) -> Result<(), Error> {
    let method = recipe.method;
    match recipe.options.scope {
        Some(Scope::Global) if !matches!(method, Method::Elsa | Method::ElsaL) => Err(Error::NoGlobalScope { method }),
        _ => Ok(()),
    }
}

fn calibration_tokens(recipe: &Recipe, source: &Checkpoint) -> Result<CalibrationTokens, Error> {
    let method = recipe.method.build(&recipe.options, recipe.seed);
    // A method without a solver for layers trains blocks on the calibration text.
    let wanted = method.is_none_or(|method| method.needs().requires_calibration())
        || matches!(recipe.allocation, AllocationRecipe::Owl { .. });
    if !wanted {
        return Ok(CalibrationTokens::default());
    }
    match &recipe.calibration {
        Some(calibration) => calibration.sequences(source),
        None => Err(Error::NoCalibration { method: recipe.method }),
    }
}

/// A run that prunes block by block.
struct Blocks<'a> {
    job: &'a PruneJob<'a>,
    calibration: &'a CalibrationTokens,
    claim: Claim<'a>,
}

impl Blocks<'_> {
    fn run(
        mut self,
        source: Checkpoint,
        config: &LlamaConfig,
        listener: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Report, Error> {
        let (writer, mut journal) = self.begin(&source, config)?;
        let finished = self.prune(source, writer, &mut journal, listener);
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
        describe(self.job, &source, &writer, &report)?;
        let (output, held) = (self.claim.output, self.claim.held);
        output.replace(|| held.publish(|| writer.finish(self.job.out)))?;
        // Only now: had the run been interrupted before, the journal would be needed to go on.
        journal::remove(self.job.out)?;
        Ok(report)
    }

    /// Opens the staging folder of an unfinished run, or begins in it anew; by now the inputs are known to be usable, so that
    /// forcing a new run does not cost the old one for nothing.
    fn begin(&mut self, source: &Checkpoint, config: &LlamaConfig) -> Result<(CheckpointWriter, Journal), Error> {
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
            return Ok((CheckpointWriter::open_existing(held.staging())?, journal));
        }
        held.clear()?;
        let writer = CheckpointWriter::create(held.staging(), planned_tensors(config), self.job.recipe.dtype)?;
        fresh.write(held.staging())?;
        Ok((writer, fresh))
    }

    fn prune(
        &mut self,
        source: Checkpoint,
        writer: CheckpointWriter,
        journal: &mut Journal,
        listener: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(LlamaStore, Report), Error> {
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
        let mut report = prune_store(self.job.recipe, &mut store, hidden, (&patterns, first_block), &mut note)?;
        journal_error.map_or(Ok(()), Err)?;
        report.notes.extend(self.calibration.notes.iter().cloned());
        report.layers = journal.layers.clone();
        report.notes.extend(notes::of_counts(&report));
        report.seconds = earlier_seconds + started.elapsed().as_secs_f64();
        report.peak_rss_bytes = peak_rss_bytes();
        Ok((store, report))
    }
}

/// Prunes the blocks from `first_block` on.
fn prune_store(
    recipe: &Recipe,
    store: &mut LlamaStore,
    hidden: Vec<Tensor<3>>,
    (patterns, first_block): (&[Pattern], usize),
    listener: &mut dyn FnMut(Progress<'_>),
) -> Result<Report, Error> {
    let rules = &recipe.rules;
    Ok(match recipe.method.build(&recipe.options, recipe.seed) {
        Some(method) => {
            let plan = BlockPlan {
                first_block,
                ..BlockPlan::new(method.as_ref(), patterns, rules)
            };
            prune_blocks(store, hidden, &plan, listener)?
        }
        None => {
            let safe = recipe.options.safe.clone().unwrap_or_default();
            let plan = BlockPlan {
                first_block,
                ..BlockPlan::new(&safe, patterns, rules)
            };
            prune_blocks(store, hidden, &plan, listener)?
        }
    })
}

/// Adds metadata, report and recipe to finished weights.
pub(crate) fn describe(
    job: &PruneJob<'_>,
    source: &Checkpoint,
    writer: &CheckpointWriter,
    report: &Report,
) -> Result<(), Error> {
    let json = serde_json::to_string_pretty(report).map_err(Error::Json)?;
    writer.copy_metadata(source)?;
    writer.write_file("report.json", (json + "\n").as_bytes())?;
    Ok(writer.write_file("recipe.toml", job.recipe.to_toml()?.as_bytes())?)
}

/// The pattern of each block.
fn patterns(recipe: &Recipe, store: &LlamaStore, windows: &[Vec<u32>]) -> Result<Vec<Pattern>, Error> {
    let n_blocks = store.config().n_blocks;
    let pattern = recipe.pattern()?;
    let allocation = match &recipe.allocation {
        AllocationRecipe::Uniform => Allocation::Uniform,
        AllocationRecipe::PerBlock { sparsities } => Allocation::PerBlock(sparsities.clone()),
        AllocationRecipe::Owl { m, lambda } => {
            let hidden: Vec<Tensor<3>> = store.embed(windows)?;
            let fractions = outlier_fractions(store, hidden, *m, &recipe.rules)?;
            Allocation::Owl {
                fractions,
                lambda: *lambda,
            }
        }
    };
    Ok(allocation.patterns(pattern, n_blocks)?)
}

pub(crate) fn hash_tokens(windows: &[Vec<u32>]) -> String {
    let mut hash = Sha256::new();
    for window in windows {
        hash.update((window.len() as u64).to_le_bytes());
        window.iter().for_each(|token| hash.update(token.to_le_bytes()));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
