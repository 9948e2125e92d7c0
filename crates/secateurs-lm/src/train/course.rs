//! A training in progress: steps, validations and states on disk.

use std::time::{Duration, Instant};

use burn::module::Module;
use burn::tensor::Device;
use secateurs_data::RunFolder;
use secateurs_models::{LanguageModel, LoadedModel, Sequences};
use secateurs_prune::Progress;
use secateurs_train::{StepReport, TrainError, Trainer};

use crate::measure::error::MeasureError;
use crate::measure::evaluate::{evaluate_model, to_tensor};
use crate::train::error::TrainJobError;
use crate::train::inputs::Inputs;
use crate::train::journal::TrainingJournal;
use crate::train::log::SparseLoss;
use crate::train::state;

/// Time between checkpoints, unless a number of steps is given.
const CHECKPOINT_TIME: Duration = Duration::from_mins(5);

/// A training in progress.
pub(super) struct Course<'a, F> {
    pub(super) inputs: &'a Inputs<'a, F>,
    pub(super) run: &'a mut RunFolder<TrainingJournal>,
    pub(super) device: Device,
    pub(super) started: Instant,
    pub(super) earlier_seconds: f64,
}

impl<F: LanguageModel> Course<'_, F> {
    pub(super) fn train(
        &mut self,
        mut trainer: Trainer<F::Model>,
        listener: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Trainer<F::Model>, TrainJobError> {
        let n_steps = self.inputs.training.steps();
        let positions = self.inputs.family.positions(self.inputs.windows.window(), &self.device);
        let validate_every = self.inputs.training.validate_every;
        let validate_every = validate_every.unwrap_or(n_steps.div_ceil(8)).max(1);
        let mut last_checkpoint = Instant::now();
        while !trainer.is_done() {
            let step_started = Instant::now();
            let step = self.step(&mut trainer, &positions);
            let step = step.map_err(|error| self.say_what_is_kept(error))?;
            self.log_time(step_started.elapsed().as_secs_f64());
            listener(Progress::Trained { step: &step, n_steps });
            self.run.journal_mut().log.steps.push(step);
            let done = trainer.steps_done();
            if done.is_multiple_of(validate_every) || done == n_steps {
                self.validate(&trainer)?;
            }
            let is_due = match self.inputs.training.checkpoint_every {
                Some(every) => done.is_multiple_of(every.max(1)),
                None => last_checkpoint.elapsed() > CHECKPOINT_TIME,
            };
            if is_due && done < n_steps {
                self.keep(&trainer)?;
                last_checkpoint = Instant::now();
            }
        }
        self.run.journal_mut().seconds = self.seconds();
        Ok(trainer)
    }

    fn step(&self, trainer: &mut Trainer<F::Model>, positions: &F::Positions) -> Result<StepReport, TrainError> {
        let training = self.inputs.training;
        let shape = [training.batch_size(), self.inputs.windows.window()];
        let family = &self.inputs.family;
        let vocab_size = family.vocab_size();
        trainer.step(&mut |model, batch| {
            let tokens = self.inputs.windows.batch(batch.index);
            let tokens = to_tensor(&tokens, vocab_size, &self.device);
            let tokens = tokens.expect("tokens were checked when they were read").reshape(shape);
            let sequences = Sequences { tokens, positions };
            family.gradients(model, sequences, training.activations.unwrap_or_default(), batch)
        })
    }

    fn log_time(&mut self, seconds: f64) {
        let (training, window) = (self.inputs.training, self.inputs.windows.window());
        let log = &mut self.run.journal_mut().log;
        log.train_seconds += seconds;
        log.step_seconds.push(seconds);
        log.tokens += training.micro_batches() * training.batch_size() * window;
    }

    /// Adds the place of the last good state to an error.
    fn say_what_is_kept(&self, error: TrainError) -> TrainJobError {
        match self.run.journal().steps_done {
            0 => error.into(),
            steps_done => TrainJobError::Stopped {
                steps_done,
                path: self.run.folder().to_owned(),
                source: Box::new(error),
            },
        }
    }

    fn validate(&mut self, trainer: &Trainer<F::Model>) -> Result<(), TrainJobError> {
        if self.inputs.validation.is_empty() {
            return Ok(());
        }
        let pruned = trainer.projected()?.valid();
        let model = LoadedModel::new(&self.inputs.family, &pruned);
        let evaluated = evaluate_model(model, &self.inputs.validation, &mut |_, _| {});
        let loss = match evaluated {
            Ok(evaluation) => Some(evaluation.mean_loss()),
            Err(MeasureError::LossNotFinite { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let steps_done = trainer.steps_done();
        tracing::info!(steps_done, loss, "validated the pruned model");
        let losses = &mut self.run.journal_mut().log.sparse_losses;
        losses.push(SparseLoss { steps_done, loss });
        Ok(())
    }

    /// Writes the state to the disk, from which an interrupted run resumes.
    fn keep(&mut self, trainer: &Trainer<F::Model>) -> Result<(), TrainJobError> {
        let before = self.run.journal().steps_done;
        let (steps_done, seconds) = (trainer.steps_done(), self.seconds());
        state::write(trainer, self.run.folder())?;
        self.run.keep(|journal| {
            journal.steps_done = steps_done;
            journal.seconds = seconds;
        })?;
        if before > 0 && before != steps_done {
            self.run.remove(&state::file_name(before))?;
        }
        Ok(())
    }

    fn seconds(&self) -> f64 {
        self.earlier_seconds + self.started.elapsed().as_secs_f64()
    }
}
