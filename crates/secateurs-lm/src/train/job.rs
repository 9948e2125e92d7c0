//! Prunes a checkpoint by training the whole model.

use std::path::PathBuf;
use std::time::Instant;

#[cfg(any(feature = "wgpu", feature = "cuda"))]
use burn::backend::DispatchDevice;
use burn::module::Module;
use burn::tensor::Device;
use secateurs_data::{Checkpoint, CheckpointWriter, OutputClaim, RunFolder};
use secateurs_models::{LanguageModel, ModelShape, TensorMap};
use secateurs_prune::{Progress, PrunedTogether, layer_reports};
use secateurs_tensor::{KeepMask, LayerReport, MaskSet, Report, Scope, read_weights};
use secateurs_train::{MomentFormat, Residence, Trainer};

use crate::prune::algorithm::WholeModel;
use crate::prune::notes;
use crate::prune::prune_job::{PruneJob, describe};
use crate::run::cost::cost_change;
use crate::run::error::ModelFileError;
use crate::run::memory::peak_rss_bytes;
use crate::train::course::Course;
use crate::train::error::TrainJobError;
use crate::train::inputs::Inputs;
use crate::train::journal::TrainingJournal;
use crate::train::state;

/// Folder of the finished model before it is moved to its place.
const MODEL: &str = "model";

/// A training of a whole model, from its check to its output.
pub(crate) struct TrainingRun<'a, F> {
    job: &'a PruneJob<'a>,
    source: &'a Checkpoint,
    inputs: Inputs<'a, F>,
    run: RunFolder<TrainingJournal>,
    started: Instant,
}

impl<'a, F: LanguageModel> TrainingRun<'a, F> {
    /// Reads the texts, then begins in the staging folder or opens an interrupted run's work there.
    pub(crate) fn begin(
        job: &'a PruneJob<'a>,
        source: &'a Checkpoint,
        family: F,
        claim: OutputClaim,
    ) -> Result<Self, TrainJobError> {
        let started = Instant::now();
        let inputs = Inputs::read(job.recipe, source, family)?;
        let mut run = claim.begin(inputs.journal(job.recipe, source)?)?;
        if !run.is_resumed() {
            run.record(|_| {})?;
        }
        Ok(Self {
            job,
            source,
            inputs,
            run,
            started,
        })
    }

    /// Folder of the model that a first method prunes; the training keeps its zeros.
    pub(crate) fn first_stage_folder(&self) -> PathBuf {
        self.run.folder().join("first-stage")
    }

    /// Trains, and moves the model to its place.
    pub(crate) fn run(
        mut self,
        method: &WholeModel,
        listener: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Report, TrainJobError> {
        let trainer = self.train(method, listener)?;
        let report = self.write(method, trainer)?;
        let model = self.run.folder().join(MODEL);
        self.run
            .publish_part(|out| CheckpointWriter::open_existing(&model)?.finish(out))?;
        Ok(report)
    }

    fn train(
        &mut self,
        method: &WholeModel,
        listener: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Trainer<F::Model>, TrainJobError> {
        let trainer = self.trainer(method)?;
        let trainer = match self.run.journal().steps_done {
            0 => trainer,
            done => state::read(trainer, self.run.folder(), done)?,
        };
        self.run.journal_mut().log.state = trainer.state_bytes();
        let mut course = Course {
            inputs: &self.inputs,
            earlier_seconds: self.run.journal().seconds,
            run: &mut self.run,
            device: self.job.device.clone().autodiff(),
            started: self.started,
        };
        course.train(trainer, listener)
    }

    fn trainer(&self, method: &WholeModel) -> Result<Trainer<F::Model>, TrainJobError> {
        let (recipe, device) = (self.job.recipe, self.job.device);
        let training = self.inputs.training;
        let mut config = match method {
            WholeModel::Masked(_) => training.masked_config(self.first_stage_masks()?),
            WholeModel::Elsa(elsa) => training.elsa_config(recipe.pattern()?, &recipe.rules, elsa),
        };
        if is_accelerator(device) && config.adam.moments == MomentFormat::F32 {
            config.residence = Residence::Device;
        }
        let model = self.inputs.family.load(self.source, &device.clone().autodiff())?;
        Ok(Trainer::new(model, config)?)
    }

    /// Masks of the weights that survived the first method.
    fn first_stage_masks(&self) -> Result<MaskSet, TrainJobError> {
        let pruned = Checkpoint::open(&self.first_stage_folder())?;
        let model = F::open(&pruned)?.load(&pruned, self.job.device)?;
        let weights = read_weights(&model, &self.job.recipe.rules);
        let masks = weights
            .iter()
            .map(|(path, weight)| (path.clone(), KeepMask::of_nonzeros(weight)));
        Ok(masks.collect())
    }

    /// Writes the finished model with its report, which counts the written weights.
    fn write(&self, method: &WholeModel, trainer: Trainer<F::Model>) -> Result<Report, TrainJobError> {
        let (recipe, log) = (self.job.recipe, &self.run.journal().log);
        self.run.remove(MODEL)?;
        let family = &self.inputs.family;
        let (shape, tensors) = (ModelShape::of(family), TensorMap::new(family.planned()));
        let (model, masks) = trainer.finish()?;
        let model = model.valid();
        let writer = CheckpointWriter::create(&self.run.folder().join(MODEL), shape.planned(), recipe.dtype)?;
        family.save(&model, &writer)?;
        let mut layers = self.layers(method, &model, &masks)?;
        for layer in &mut layers {
            layer.pruned = notes::n_zeros(&writer.read_f32(&tensors.at(&layer.path)?.name)?);
        }
        let mut report = Report {
            method: recipe.method.name().into(),
            pattern: recipe.pattern()?.to_string(),
            scope: recipe.options.scope,
            layers,
            units: Vec::new(),
            cost: None,
            seconds: self.run.journal().seconds,
            peak_rss_bytes: peak_rss_bytes(),
            notes: log.notes(),
        };
        report.notes.extend(notes::of_counts(&report));
        let log = serde_json::to_vec(log).map_err(ModelFileError::Json)?;
        writer.write_file("training.json", &log)?;
        report.cost = Some(cost_change(self.source, &writer, &shape)?);
        describe(&writer, self.source, &report, &recipe.to_toml()?)?;
        writer.sync()?;
        Ok(report)
    }

    /// Reports on the pruned layers, without the zeros in the file.
    fn layers(
        &self,
        method: &WholeModel,
        model: &F::Model,
        masks: &MaskSet,
    ) -> Result<Vec<LayerReport>, TrainJobError> {
        let pattern = self.job.recipe.pattern()?;
        // Layers that competed have counts of their own.
        let requested = Some(pattern).filter(|_| self.job.recipe.options.scope != Some(Scope::Global));
        let pruned = PrunedTogether {
            module_path: "",
            masks,
            pattern: requested,
            seconds: self.run.journal().log.train_seconds,
        };
        let mut layers = layer_reports(model, &pruned);
        if let WholeModel::Masked(first) = method {
            for layer in &mut layers {
                layer.requested_pruned = first.layer_method.pruned_count(pattern, layer.dims);
            }
        }
        Ok(layers)
    }
}

/// Whether tensors are outside the memory of the host.
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
