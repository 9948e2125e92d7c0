//! A pruning run from its check to its output, for methods of every form.

use std::path::Path;
use std::time::Instant;

use secateurs_data::{Checkpoint, FloatType, OutputClaim, OutputForm, OutputRequest, Overwrite};
use secateurs_models::{CheckpointStore, Family, FamilyJob, FamilyKind, LanguageModel, ModelShape};
use secateurs_prune::{BlockMethod, Progress};
use secateurs_tensor::{GradientNeed, Report};

use crate::prune::algorithm::{Algorithm, FirstStage, WholeModel};
use crate::prune::blockwise::Blocks;
use crate::prune::error::PruneJobError;
use crate::prune::gradients::{ModelGradients, model_gradients};
use crate::prune::journal::PruneJournal;
use crate::prune::prune_job::{PruneJob, PruneOutcome};
use crate::prune::recipes::selection::check_fits;
use crate::run::source::open_source;
use crate::train::job::TrainingRun;

/// Prunes a checkpoint of any family: see [`prune_language_model`].
///
/// # Errors
///
/// As for [`prune_language_model`], and if the model is of no such family.
pub fn prune_checkpoint(
    job: &PruneJob<'_>,
    listener: &mut dyn FnMut(Progress<'_>),
) -> Result<PruneOutcome, PruneJobError> {
    FamilyKind::of(&open_source(job.model)?)?.run(AnyFamily { job, listener })
}

struct AnyFamily<'a> {
    job: &'a PruneJob<'a>,
    listener: &'a mut dyn FnMut(Progress<'_>),
}

impl FamilyJob for AnyFamily<'_> {
    type Output = Result<PruneOutcome, PruneJobError>;

    fn run<F: LanguageModel>(self) -> Self::Output {
        prune_language_model::<F>(self.job, self.listener)
    }
}

/// Prunes a checkpoint of the family `F` into a Hugging Face folder with `recipe.toml` and `report.json` beside the model.
///
/// Methods that see a layer or a block at a time hold one block, its statistics and the calibration activations in
/// memory; the others hold the whole model. Finished blocks, or states of a training, are written at once to a staging
/// folder (see [`staging_path`](crate::staging_path)); an interrupted run resumes from there with [`Overwrite::Resume`]
/// and ends with the same bytes. The output folder appears by a rename, whole or not at all. While the run lasts, no
/// other job can write the same output.
///
/// # Errors
///
/// If the recipe does not fit the model ([`Recipe::check`](crate::Recipe::check): nothing is touched then, and no weight
/// read), another job writes the output, the inputs cannot be used, a layer cannot be pruned, or the output cannot be written.
/// The staging folder stays, to be resumed, if work was kept there and the error [may pass](PruneJobError::may_pass).
pub fn prune_language_model<F: LanguageModel>(
    job: &PruneJob<'_>,
    listener: &mut dyn FnMut(Progress<'_>),
) -> Result<PruneOutcome, PruneJobError> {
    let (started, algorithm) = (Instant::now(), job.recipe.build()?);
    let run = Run::<F>::begin(job)?;
    let report = match algorithm {
        Algorithm::PerLayer(method) if method.needs().gradients == GradientNeed::Model => {
            run.by_blocks(&*method, Some(model_gradients), listener)
        }
        Algorithm::PerLayer(method) => run.by_blocks(&*method, None, listener),
        Algorithm::PerBlock(method) => run.by_blocks(&method, None, listener),
        Algorithm::WholeModel(method) => run.by_training(&method, listener),
    }?;
    Ok(PruneOutcome::new(report, started))
}

/// Prunes a checkpoint of the family `F` as [`prune_language_model`] does, by a method that sees one layer or block at
/// a time.
///
/// # Errors
///
/// As for [`prune_language_model`], and if the method needs the whole model at a time.
///
/// # Examples
///
/// A family of another crate, whose blocks are one linear layer each:
///
/// ```
/// # use burn::nn::{Linear, LinearConfig};
/// # use burn::tensor::{Device, Tensor};
/// # use secateurs_data::{TensorPlan, llama::ConfigError};
/// # use secateurs_lm::{Method, Overwrite, PruneJob, Recipe, prune_family};
/// # use secateurs_models::Family;
/// # use secateurs_tensor::Observer;
/// struct Stack(usize);
/// impl Family for Stack {
///     type Block = Linear;
///     type Positions = ();
///     fn from_config(config: &serde_json::Value) -> Result<Self, ConfigError> {
///         config["n_blocks"].as_u64().map(|n| Self(n as usize)).ok_or(ConfigError::Missing { field: "n_blocks".into() })
///     }
///     fn planned(&self) -> Vec<TensorPlan> {
///         (0..self.0).map(|i| TensorPlan::linear(format!("model.layers.{i}.weight"), [8, 8]).in_block(i)).collect()
///     }
///     fn new_block(&self, device: &Device) -> Linear { LinearConfig::new(8, 8).with_bias(false).init(device) }
///     fn positions(&self, _: usize, _: &Device) {}
///     fn forward(&self, block: &Linear, x: Tensor<3>, _: &(), observer: &mut dyn Observer) -> Tensor<3> {
///         observer.observe(&["weight"], &x.clone().flatten(0, 1));
///         block.forward(x)
///     }
/// }
/// # use secateurs_data::{CheckpointWriter, FloatType};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let (model, out) = (&folder.path().join("dense"), &folder.path().join("pruned"));
/// # let plan = Stack(2).planned().into_iter().map(Into::into).collect();
/// # let dense = CheckpointWriter::create(&folder.path().join("dense.partial"), plan, FloatType::F32)?;
/// # for tensor in Stack(2).planned() {
/// #     let values: Vec<f32> = (0..tensor.n_values()).map(|i| (1 + i * 37 % 101) as f32 / 101.0).collect();
/// #     dense.write(&tensor.name, &values)?;
/// # }
/// # dense.write_file("config.json", br#"{ "n_blocks": 2 }"#)?;
/// # dense.finish(model)?;
/// # let device = &secateurs_testkit::device();
/// let recipe = &Recipe::new(Method::Magnitude, "50%".parse()?);
/// let job = PruneJob { model, out, recipe, overwrite: Overwrite::Never, device };
/// assert_eq!(prune_family::<Stack>(&job, &mut |_| {})?.report.sparsity(), 0.5);
/// # Ok(())
/// # }
/// ```
pub fn prune_family<F: Family>(
    job: &PruneJob<'_>,
    listener: &mut dyn FnMut(Progress<'_>),
) -> Result<PruneOutcome, PruneJobError> {
    let (started, algorithm) = (Instant::now(), job.recipe.build()?);
    let report = match algorithm {
        Algorithm::PerLayer(method) if method.needs().gradients != GradientNeed::Model => {
            Run::<F>::begin(job)?.by_blocks(&*method, None, listener)
        }
        Algorithm::PerBlock(method) => Run::<F>::begin(job)?.by_blocks(&method, None, listener),
        Algorithm::PerLayer(_) | Algorithm::WholeModel(_) => Err(PruneJobError::NeedsWholeModel {
            method: job.recipe.method,
        }),
    }?;
    Ok(PruneOutcome::new(report, started))
}

/// A run that was checked and has claimed its output.
struct Run<'a, F> {
    job: &'a PruneJob<'a>,
    source: Checkpoint,
    family: F,
    claim: OutputClaim,
}

impl<'a, F: Family> Run<'a, F> {
    fn begin(job: &'a PruneJob<'a>) -> Result<Self, PruneJobError> {
        // It is stored beside the output.
        job.recipe.to_toml()?;
        let source = open_source(job.model)?;
        let family = F::describe(&source)?;
        let shape = ModelShape::of(&family);
        job.recipe.check_shape(&shape)?;
        let output = OutputRequest {
            out: job.out,
            form: OutputForm::MODEL,
            inputs: &job.inputs(),
            overwrite: job.overwrite,
        };
        let claim = output.claim()?;
        source.check_finite()?;
        check_fits(&source, &shape.tensors, job.recipe.dtype)?;
        Ok(Self {
            job,
            source,
            family,
            claim,
        })
    }

    fn by_blocks<M: BlockMethod<CheckpointStore<F>> + ?Sized>(
        self,
        method: &M,
        gradients: Option<ModelGradients<F>>,
        listener: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Report, PruneJobError> {
        let recipe = self.job.recipe;
        let calibration = recipe.calibration_tokens(&self.source, &ModelShape::of(&self.family))?;
        let journal = PruneJournal::new(recipe, &self.source, &calibration.sequences)?;
        let blocks = Blocks {
            job: self.job,
            family: &self.family,
            calibration: &calibration,
            gradients,
            run: self.claim.begin(journal)?,
        };
        blocks.run(self.source, method, listener)
    }
}

impl<F: LanguageModel> Run<'_, F> {
    fn by_training(self, method: &WholeModel, listener: &mut dyn FnMut(Progress<'_>)) -> Result<Report, PruneJobError> {
        #[cfg(feature = "mimalloc")]
        let _kept = crate::allocator::KeptMemory::new();
        let training = TrainingRun::begin(self.job, &self.source, self.family, self.claim)?;
        if let WholeModel::Masked(first) = method {
            prune_first_stage::<F>(self.job, first, &training.first_stage_folder(), listener)?;
        }
        Ok(training.run(method, listener)?)
    }
}

/// Prunes with the first of two methods into a folder, unless an interrupted run has done so.
fn prune_first_stage<F: Family>(
    job: &PruneJob<'_>,
    first: &FirstStage,
    out: &Path,
    listener: &mut dyn FnMut(Progress<'_>),
) -> Result<(), PruneJobError> {
    if out.exists() {
        return Ok(());
    }
    let mut recipe = job.recipe.clone();
    recipe.method = first.method;
    recipe.training = None;
    recipe.dtype = FloatType::F32;
    // The seed may be that of the training alone, which the first method would refuse.
    if !first.method.uses_seed() {
        recipe.seed = 0;
    }
    let first = PruneJob {
        out,
        recipe: &recipe,
        overwrite: Overwrite::Force,
        ..*job
    };
    prune_family::<F>(&first, listener).map(drop)
}
