//! Prunes a checkpoint by training the whole model.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[cfg(any(feature = "wgpu", feature = "cuda"))]
use burn::backend::DispatchDevice;
use burn::module::Module;
use burn::tensor::Device;
use secateurs_data::{Checkpoint, CheckpointWriter, HeldOutput};
use secateurs_models::llama::{Llama, LlamaConfig, Rope, load_llama, planned_tensors, save_llama};
use secateurs_prune::{Progress, PrunedTogether, layer_reports};
use secateurs_tensor::{KeepMask, MaskSet, Report, Scope, read_weights};
use secateurs_train::{MomentFormat, Residence, TrainError, Trainer};

use crate::Error;
use crate::measure::evaluate::{check_tokens, check_window, evaluate_llama, to_tensor};
use crate::prune::algorithm::WholeModel;
use crate::prune::notes;
use crate::prune::prune_job::PruneJob;
use crate::prune::selection::file_name;
use crate::run::memory::peak_rss_bytes;
use crate::run::output::{Claim, Overwrite, remove};
use crate::text::plain_text::read_plain_text;
use crate::text::windows::{all_windows, hash_tokens};
use crate::train::data::TrainingWindows;
use crate::train::journal::{Journal, VERSION};
use crate::train::log::{SparseLoss, TrainingLog};
use crate::train::settings::Training;
use crate::train::state;

/// Time from one checkpoint to the next, unless a number of steps is given.
const CHECKPOINT_TIME: Duration = Duration::from_mins(5);

/// Everything that a training reads.
struct Inputs<'a> {
    training: &'a Training,
    config: LlamaConfig,
    windows: TrainingWindows,
    /// Of the tokens of all windows in order.
    hash: String,
    validation: Vec<Vec<u32>>,
}

/// A training of a whole model, from its check to its output.
pub(crate) struct TrainingRun<'a> {
    job: &'a PruneJob<'a>,
    source: &'a Checkpoint,
    inputs: Inputs<'a>,
    claim: Claim<'a>,
    journal: Journal,
    started: Instant,
}

impl<'a> TrainingRun<'a> {
    /// Reads the texts, then begins in the staging folder or opens what an interrupted run left there.
    pub(crate) fn begin(job: &'a PruneJob<'a>, source: &'a Checkpoint, mut claim: Claim<'a>) -> Result<Self, Error> {
        let started = Instant::now();
        let inputs = Inputs::read(job.recipe.needed_training()?, source, job.recipe.seed)?;
        let journal = begin(job, source, &inputs, &mut claim.held)?;
        Ok(Self {
            job,
            source,
            inputs,
            claim,
            journal,
            started,
        })
    }

    /// Folder of the model that a first method prunes, whose zeros the training keeps.
    pub(crate) fn first_stage_folder(&self) -> PathBuf {
        self.claim.held.staging().join("first-stage")
    }

    /// Trains, and puts the model in its place.
    pub(crate) fn run(mut self, method: &WholeModel, listener: &mut dyn FnMut(Progress<'_>)) -> Result<Report, Error> {
        let trainer = self.train(method, listener)?;
        let report = self.write(method, trainer)?;
        let Claim { output, held } = self.claim;
        let model = model_path(held.staging());
        output.replace(|| CheckpointWriter::open_existing(&model)?.finish(self.job.out))?;
        held.discard()?;
        Ok(report)
    }

    fn train(&mut self, method: &WholeModel, listener: &mut dyn FnMut(Progress<'_>)) -> Result<Trainer<Llama>, Error> {
        let trainer = self.trainer(method)?;
        let held = &mut self.claim.held;
        let trainer = match self.journal.steps_done {
            0 => trainer,
            done => state::read(trainer, held.staging(), done)?,
        };
        self.journal.log.state = trainer.state_bytes();
        let mut course = Course {
            job: self.job,
            inputs: &self.inputs,
            held,
            earlier_seconds: self.journal.seconds,
            journal: &mut self.journal,
            started: self.started,
        };
        course.train(trainer, listener)
    }

    fn trainer(&self, method: &WholeModel) -> Result<Trainer<Llama>, Error> {
        let (recipe, device) = (self.job.recipe, self.job.device);
        let training = self.inputs.training;
        let mut config = match method {
            WholeModel::Masked(_) => training.masked_config(self.first_stage_masks()?),
            WholeModel::Elsa(elsa) => training.elsa_config(recipe.pattern()?, &recipe.rules, elsa),
        };
        if is_accelerator(device) && config.adam.moments == MomentFormat::F32 {
            config.residence = Residence::Device;
        }
        let (_, llama) = load_llama(self.source, &device.clone().autodiff())?;
        Ok(Trainer::new(llama, config)?)
    }

    /// What survived the first method.
    fn first_stage_masks(&self) -> Result<MaskSet, Error> {
        let pruned = Checkpoint::open(&self.first_stage_folder())?;
        let (_, llama) = load_llama(&pruned, self.job.device)?;
        let weights = read_weights(&llama, &self.job.recipe.rules);
        let masks = weights
            .iter()
            .map(|(path, weight)| (path.clone(), KeepMask::of_nonzeros(weight)));
        Ok(masks.collect())
    }

    /// Writes the finished model with its report, which counts what was written.
    fn write(&self, method: &WholeModel, trainer: Trainer<Llama>) -> Result<Report, Error> {
        let (recipe, source, journal) = (self.job.recipe, self.source, &self.journal);
        let model = model_path(self.claim.held.staging());
        if model.exists() {
            remove(&model)?;
        }
        let config = LlamaConfig::open(source)?;
        let (llama, masks) = trainer.finish()?;
        let llama = llama.valid();
        let pattern = recipe.pattern()?;
        // Layers that competed have counts of their own.
        let requested = Some(pattern).filter(|_| recipe.options.scope != Some(Scope::Global));
        let mut layers = layer_reports(
            &llama,
            &PrunedTogether {
                module_path: "",
                masks: &masks,
                pattern: requested,
                seconds: journal.log.train_seconds,
            },
        );
        let writer = CheckpointWriter::create(&model, planned_tensors(&config), recipe.dtype)?;
        save_llama(&config, &llama, &writer)?;
        for layer in &mut layers {
            if let WholeModel::Masked(first) = method {
                layer.requested_pruned = first.layer_method.pruned_count(pattern, layer.dims);
            }
            layer.pruned = notes::n_zeros(&writer.read_f32(&file_name(&config, &layer.path))?);
        }
        let mut report = Report {
            method: recipe.method.name().into(),
            pattern: pattern.to_string(),
            scope: recipe.options.scope,
            layers,
            units: Vec::new(),
            cost: None,
            seconds: journal.seconds,
            peak_rss_bytes: peak_rss_bytes(),
            notes: journal.log.notes(),
        };
        report.notes.extend(notes::of_counts(&report));
        let log = serde_json::to_vec(&journal.log).map_err(Error::Json)?;
        writer.write_file("training.json", &log)?;
        self.job.describe(source, &writer, &report)?;
        writer.sync()?;
        Ok(report)
    }
}

impl<'a> Inputs<'a> {
    fn read(training: &'a Training, source: &Checkpoint, seed: u64) -> Result<Self, Error> {
        let config = LlamaConfig::open(source)?;
        let window = training.window(config.max_positions);
        check_window(&config, window)?;
        let tokenizer = source.tokenizer()?;
        let windows = TrainingWindows::read(training, window, &tokenizer, seed)?;
        let mut validation = Vec::new();
        if let Some(path) = &training.validation {
            let least = (training.validation_windows.unwrap_or(1), window);
            validation = all_windows(&tokenizer, &read_plain_text(path)?, least, "the validation text")?;
            validation.truncate(training.validation_windows.unwrap_or(16));
        }
        let sequences = windows.all();
        sequences
            .iter()
            .try_for_each(|window| check_tokens(window, config.vocab_size))?;
        Ok(Self {
            training,
            config,
            hash: hash_tokens(&sequences),
            windows,
            validation,
        })
    }
}

/// The journal of an interrupted run, or a new one in a new staging folder.
fn begin(
    job: &PruneJob<'_>,
    source: &Checkpoint,
    inputs: &Inputs<'_>,
    held: &mut HeldOutput,
) -> Result<Journal, Error> {
    let fresh = Journal {
        version: VERSION,
        recipe: job.recipe.clone(),
        source: source.fingerprint()?,
        tokens: inputs.hash.clone(),
        steps_done: 0,
        log: TrainingLog {
            reuse: inputs.windows.reuse(),
            ..TrainingLog::default()
        },
        seconds: 0.0,
    };
    if job.overwrite == Overwrite::Resume {
        let journal = Journal::read(held.staging())?;
        journal.check_same(&fresh, held.staging())?;
        return Ok(journal);
    }
    held.clear()?;
    fresh.write(held.staging())?;
    Ok(fresh)
}

/// Whether tensors live elsewhere than in the memory of the host.
#[cfg(any(feature = "wgpu", feature = "cuda"))]
fn is_accelerator(device: &Device) -> bool {
    match device.as_dispatch() {
        DispatchDevice::Cube(_) => true,
        DispatchDevice::Autodiff(inner) => matches!(**inner, DispatchDevice::Cube(_)),
        _ => false,
    }
}

#[cfg(not(any(feature = "wgpu", feature = "cuda")))]
fn is_accelerator(_: &Device) -> bool {
    false
}

/// A training on its way.
struct Course<'a> {
    job: &'a PruneJob<'a>,
    inputs: &'a Inputs<'a>,
    held: &'a mut HeldOutput,
    journal: &'a mut Journal,
    started: Instant,
    earlier_seconds: f64,
}

impl Course<'_> {
    fn train(
        &mut self,
        mut trainer: Trainer<Llama>,
        listener: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Trainer<Llama>, Error> {
        let n_steps = self.inputs.training.steps();
        let device = self.job.device.clone().autodiff();
        let positions = Rope::new(&self.inputs.config, self.inputs.windows.window(), &device);
        let validate_every = self
            .inputs
            .training
            .validate_every
            .unwrap_or(n_steps.div_ceil(8))
            .max(1);
        let mut last_checkpoint = Instant::now();
        while !trainer.is_done() {
            let step_started = Instant::now();
            let step = trainer.step(&mut |llama, batch| {
                let shape = [self.inputs.training.batch_size(), self.inputs.windows.window()];
                let tokens = self.inputs.windows.batch(batch.index);
                let tokens = to_tensor(&tokens, self.inputs.config.vocab_size, &device);
                let tokens = tokens.expect("tokens were checked when they were read").reshape(shape);
                llama.gradients(
                    tokens,
                    &positions,
                    self.inputs.training.activations.unwrap_or_default(),
                    batch,
                )
            });
            let step = step.map_err(|error| self.kept(error))?;
            let log = &mut self.journal.log;
            let seconds = step_started.elapsed().as_secs_f64();
            log.train_seconds += seconds;
            log.step_seconds.push(seconds);
            log.tokens +=
                self.inputs.training.micro_batches() * self.inputs.training.batch_size() * self.inputs.windows.window();
            listener(Progress::Trained { step: &step, n_steps });
            log.steps.push(step);
            let done = trainer.steps_done();
            if done.is_multiple_of(validate_every) || done == n_steps {
                self.validate(&trainer)?;
            }
            let is_due = match self.inputs.training.checkpoint_every {
                Some(every) => done.is_multiple_of(every.max(1)),
                None => last_checkpoint.elapsed() > CHECKPOINT_TIME,
            };
            if is_due && done < n_steps {
                self.checkpoint(&trainer)?;
                last_checkpoint = Instant::now();
            }
        }
        self.journal.seconds = self.seconds();
        Ok(trainer)
    }

    /// Says where the last good state is.
    fn kept(&self, error: TrainError) -> Error {
        match self.journal.steps_done {
            0 => error.into(),
            steps_done => Error::TrainingStopped {
                steps_done,
                path: self.held.staging().to_owned(),
                source: Box::new(error),
            },
        }
    }

    fn validate(&mut self, trainer: &Trainer<Llama>) -> Result<(), Error> {
        if self.inputs.validation.is_empty() {
            return Ok(());
        }
        let pruned = trainer.projected()?.valid();
        let evaluated = evaluate_llama(&self.inputs.config, &pruned, &self.inputs.validation, &mut |_, _| {});
        let loss = match evaluated {
            Ok(evaluation) => Some(evaluation.mean_loss()),
            Err(Error::LossNotFinite { .. }) => None,
            Err(error) => return Err(error),
        };
        let steps_done = trainer.steps_done();
        tracing::info!(steps_done, loss, "loss of the pruned model");
        self.journal.log.sparse_losses.push(SparseLoss { steps_done, loss });
        Ok(())
    }

    fn checkpoint(&mut self, trainer: &Trainer<Llama>) -> Result<(), Error> {
        let before = self.journal.steps_done;
        state::write(trainer, self.held.staging())?;
        self.journal.steps_done = trainer.steps_done();
        self.journal.seconds = self.seconds();
        self.journal.write(self.held.staging())?;
        self.held.keep();
        if before > 0 && before != self.journal.steps_done {
            let path = self.held.staging().join(state::file_name(before));
            fs::remove_file(&path).map_err(|source| Error::Remove { path, source })?;
        }
        Ok(())
    }

    fn seconds(&self) -> f64 {
        self.earlier_seconds + self.started.elapsed().as_secs_f64()
    }
}

/// Where the finished model lies before it is moved to its place.
fn model_path(staging: &Path) -> PathBuf {
    staging.join("model")
}
