//! Prunes a checkpoint into another one, streaming.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::tensor::{Device, Tensor};
use secateurs_data::{Checkpoint, CheckpointWriter};
use secateurs_models::llama::{LlamaConfig, LlamaStore, planned_tensors};
use secateurs_prune::{Allocation, BlockPlan, Progress, SafePlan, Statistics, outlier_fractions, prune_blocks};
use secateurs_tensor::{Pattern, Report, Scope};
use sha2::{Digest, Sha256};

use crate::Error;
use crate::calibration::{Calibration, CalibrationTokens};
use crate::journal::{self, Journal};
use crate::memory::peak_rss_bytes;
use crate::method::Method;
use crate::packed::is_packed;
use crate::recipe::{AllocationRecipe, Recipe};
use crate::train_job;

/// What a run does where it finds earlier output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// Refuses.
    Never,
    /// Goes on with an unfinished run.
    Resume,
    /// Replaces output and unfinished run.
    Force,
}

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

/// The folder that holds unfinished work for `out`.
pub fn staging_path(out: &Path) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    out.with_file_name(name)
}

/// Prunes a checkpoint block by block into a Hugging Face folder with `recipe.toml` and `report.json` beside the model.
///
/// One block, its statistics and the calibration activations are in memory at a time. Finished blocks are written at
/// once to a staging folder (see [`staging_path`]); a run that was interrupted goes on from there with
/// [`Overwrite::Resume`] and ends with the same bytes. The output folder appears by a rename, whole or not at all.
///
/// # Errors
///
/// If the inputs cannot be used, a layer cannot be pruned, or the output cannot be written. Unless no block was
/// finished, the staging folder stays, to be resumed.
pub fn prune_checkpoint(job: &PruneJob<'_>, listener: &mut dyn FnMut(Progress<'_>)) -> Result<PruneOutcome, Error> {
    let started = Instant::now();
    let staging = staging_path(job.out);
    check_scope(job.recipe)?;
    check_output(job, &staging)?;
    let source = Checkpoint::open(job.model)?;
    if is_packed(&source) {
        return Err(Error::IsPacked {
            path: job.model.to_owned(),
        });
    }
    if job.recipe.method.trains_model() {
        return Ok(outcome(train_job::run(job, &source, listener)?, started));
    }
    let config = LlamaConfig::open(&source)?;
    let calibration = calibration_tokens(job.recipe, &source)?;
    let (writer, mut journal) = begin(job, &source, &config, &calibration.sequences, &staging)?;
    let finished = run(job, source, writer, &calibration, &mut journal, listener);
    let report = match finished {
        Ok(report) => report,
        Err(error) => {
            if journal.n_stored == 0 {
                remove_dir(&staging)?;
            }
            return Err(error);
        }
    };
    Ok(outcome(report, started))
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

/// Refuses output that is there and not to be replaced, before any work is done.
fn check_output(job: &PruneJob<'_>, staging: &Path) -> Result<(), Error> {
    let calibration = job.recipe.calibration.as_ref();
    let text = calibration.map(Calibration::path);
    let inputs: Vec<&Path> = [Some(job.model), text].into_iter().flatten().collect();
    make_way(job.out, &inputs, job.overwrite)?;
    match (staging.exists(), job.overwrite) {
        (true, Overwrite::Never) => Err(Error::UnfinishedRun {
            path: staging.to_owned(),
        }),
        (false, Overwrite::Resume) => Err(Error::NothingToResume {
            path: staging.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Refuses output that holds an input, or is there and not to be replaced.
pub(crate) fn make_way(out: &Path, inputs: &[&Path], overwrite: Overwrite) -> Result<(), Error> {
    let path = out.to_owned();
    let mut inputs = inputs.iter().filter_map(|path| path.canonicalize().ok());
    if out
        .canonicalize()
        .is_ok_and(|out| inputs.any(|input| input.starts_with(&out)))
    {
        return Err(Error::OutputIsInput { path });
    }
    if !out.exists() {
        return Ok(());
    }
    if overwrite != Overwrite::Force {
        return Err(Error::OutputExists { path });
    }
    // Force replaces models, but not whatever folder a slip of the keyboard names.
    let is_empty = || fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_none());
    if out.join("config.json").is_file() || is_empty() {
        Ok(())
    } else {
        Err(Error::OutputIsNoModel { path })
    }
}

fn calibration_tokens(recipe: &Recipe, source: &Checkpoint) -> Result<CalibrationTokens, Error> {
    let method = recipe.method.build(&recipe.options, recipe.seed);
    // A method without a solver for layers trains blocks on the calibration text.
    let wanted = method.is_none_or(|method| method.statistics() != Statistics::None)
        || matches!(recipe.allocation, AllocationRecipe::Owl { .. });
    if !wanted {
        return Ok(CalibrationTokens::default());
    }
    match &recipe.calibration {
        Some(calibration) => calibration.sequences(source),
        None => Err(Error::NoCalibration { method: recipe.method }),
    }
}

/// Opens the staging folder of an unfinished run, or makes a new one; by now the inputs are known to be usable, so that
/// forcing a new run does not cost the old one for nothing.
fn begin(
    job: &PruneJob<'_>,
    source: &Checkpoint,
    config: &LlamaConfig,
    windows: &[Vec<u32>],
    staging: &Path,
) -> Result<(CheckpointWriter, Journal), Error> {
    let fresh = Journal {
        recipe: job.recipe.clone(),
        source: source.fingerprint()?,
        calibration: hash_tokens(windows),
        patterns: Vec::new(),
        n_stored: 0,
        layers: Vec::new(),
        seconds: 0.0,
    };
    if job.overwrite == Overwrite::Resume {
        let journal = Journal::read(staging)?;
        journal.check_same(&fresh, staging)?;
        return Ok((CheckpointWriter::open_existing(staging)?, journal));
    }
    if staging.exists() {
        remove_dir(staging)?;
    }
    let writer = CheckpointWriter::create(staging, planned_tensors(config), job.recipe.dtype)?;
    if let Err(error) = fresh.write(staging) {
        drop(writer);
        remove_dir(staging)?;
        return Err(error);
    }
    Ok((writer, fresh))
}

fn run(
    job: &PruneJob<'_>,
    source: Checkpoint,
    writer: CheckpointWriter,
    calibration: &CalibrationTokens,
    journal: &mut Journal,
    listener: &mut dyn FnMut(Progress<'_>),
) -> Result<Report, Error> {
    let started = Instant::now();
    let earlier_seconds = journal.seconds;
    let staging = staging_path(job.out);
    let sequences = &calibration.sequences;
    let n_tokens = sequences.iter().map(Vec::len).max().unwrap_or(1);
    let mut store = LlamaStore::new(source, writer, n_tokens, job.device.clone())?.resumed_after(journal.n_stored);
    if journal.patterns.is_empty() {
        journal.patterns = patterns(job.recipe, &store, sequences)?;
        journal.write(&staging)?;
    }
    let patterns = journal.patterns.clone();
    let first_block = journal.n_stored;
    let hidden = store.embed(sequences)?;
    let mut journal_error = None;
    let mut note = |progress: Progress<'_>| {
        if let Progress::Stored { block, layers, .. } = &progress {
            journal.n_stored = block + 1;
            journal.layers.extend(layers.iter().cloned());
            journal.seconds = earlier_seconds + started.elapsed().as_secs_f64();
            journal_error = journal_error.take().or(journal.write(&staging).err());
        }
        listener(progress);
    };
    let mut report = match job.recipe.method.build(&job.recipe.options, job.recipe.seed) {
        Some(method) => {
            let plan = BlockPlan {
                method: method.as_ref(),
                patterns: &patterns,
                rules: &job.recipe.rules,
                first_block,
            };
            prune_blocks(&mut store, hidden, &plan, &mut note)?
        }
        None => {
            let plan = SafePlan {
                patterns: &patterns,
                rules: &job.recipe.rules,
                first_block,
            };
            let safe = job.recipe.options.safe.clone().unwrap_or_default();
            safe.prune_blocks(&mut store, hidden, &plan, &mut note)?
        }
    };
    journal_error.map_or(Ok(()), Err)?;
    report.notes.extend(calibration.notes.iter().cloned());
    report.layers = journal.layers.clone();
    report.seconds = earlier_seconds + started.elapsed().as_secs_f64();
    store.copy_rest()?;
    report.peak_rss_bytes = peak_rss_bytes();
    finish(job, store, &report)?;
    Ok(report)
}

/// Adds what belongs beside the weights and moves the staging folder to its place.
fn finish(job: &PruneJob<'_>, store: LlamaStore, report: &Report) -> Result<(), Error> {
    let (source, writer) = store.into_parts();
    finish_folder(job, &source, writer, report)?;
    // Only now: had the run been interrupted before, the journal would be needed to go on.
    journal::remove(job.out)
}

/// Adds metadata, report and recipe, and moves the folder to its place.
pub(crate) fn finish_folder(
    job: &PruneJob<'_>,
    source: &Checkpoint,
    writer: CheckpointWriter,
    report: &Report,
) -> Result<(), Error> {
    let json = serde_json::to_string_pretty(report).map_err(Error::Json)?;
    writer.copy_metadata(source)?;
    writer.write_file("report.json", (json + "\n").as_bytes())?;
    writer.write_file("recipe.toml", job.recipe.to_toml()?.as_bytes())?;
    if job.out.exists() && job.overwrite == Overwrite::Force {
        remove_dir(job.out)?;
    }
    Ok(writer.finish(job.out)?)
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

pub(crate) fn remove_dir(path: &Path) -> Result<(), Error> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    removed.map_err(|source| Error::Remove {
        path: path.to_owned(),
        source,
    })
}
