//! A pruning run from its check to its output, whatever the shape of its method.

use std::path::Path;
use std::time::Instant;

use secateurs_data::llama::{LlamaConfig, planned_tensors};
use secateurs_data::{Checkpoint, FloatType, OutputClaim, OutputForm, OutputRequest, Overwrite};
use secateurs_models::llama::LlamaStore;
use secateurs_prune::{BlockMethod, Progress};
use secateurs_tensor::{GradientNeed, Report};

use crate::Error;
use crate::prune::algorithm::{Algorithm, FirstStage, WholeModel};
use crate::prune::blockwise::Blocks;
use crate::prune::journal::PruneJournal;
use crate::prune::prune_job::{PruneJob, PruneOutcome};
use crate::prune::selection::check_fits;
use crate::run::source::open_source;
use crate::train::job::TrainingRun;

/// Prunes a checkpoint into a Hugging Face folder with `recipe.toml` and `report.json` beside the model.
///
/// Methods that see a layer or a block at a time hold one block, its statistics and the calibration activations in memory;
/// the others hold the whole model. Finished blocks, or states of a training, are written at once to a staging folder (see
/// [`staging_path`](crate::staging_path)); a run that was interrupted goes on from there with [`Overwrite::Resume`] and ends
/// with the same bytes. The output folder appears by a rename, whole or not at all. While the run lasts, no other job can
/// write the same output.
///
/// # Errors
///
/// If the recipe does not fit the model ([`Recipe::check`](crate::Recipe::check): nothing is touched then, and no weight
/// read), another job writes the output, the inputs cannot be used, a layer cannot be pruned, or the output cannot be written.
/// The staging folder stays, to be resumed, if work was kept there and the error [may pass](Error::may_pass).
pub fn prune_checkpoint(job: &PruneJob<'_>, listener: &mut dyn FnMut(Progress<'_>)) -> Result<PruneOutcome, Error> {
    let started = Instant::now();
    // It is stored beside the output.
    job.recipe.to_toml()?;
    let source = open_source(job.model)?;
    job.recipe.check(&source)?;
    let inputs = job.inputs();
    let output = OutputRequest {
        out: job.out,
        form: OutputForm::MODEL,
        inputs: &inputs,
        overwrite: job.overwrite,
    };
    let claim = output.claim()?;
    let config = LlamaConfig::open(&source)?;
    check_fits(&source, &planned_tensors(&config), job.recipe.dtype)?;
    let run = Run {
        job,
        source,
        config,
        claim,
    };
    let report = match job.recipe.build()? {
        Algorithm::PerLayer(method) => run.by_blocks(&*method, method.needs().gradients, listener),
        Algorithm::PerBlock(method) => run.by_blocks(&method, GradientNeed::None, listener),
        Algorithm::WholeModel(method) => run.as_a_whole(&method, listener),
    }?;
    Ok(PruneOutcome::new(report, started))
}

/// A run that was checked and has taken its output.
struct Run<'a> {
    job: &'a PruneJob<'a>,
    source: Checkpoint,
    config: LlamaConfig,
    claim: OutputClaim,
}

impl Run<'_> {
    fn by_blocks<M: BlockMethod<LlamaStore> + ?Sized>(
        self,
        method: &M,
        gradients: GradientNeed,
        listener: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Report, Error> {
        let recipe = self.job.recipe;
        let calibration = recipe.calibration_tokens(&self.source)?;
        let journal = PruneJournal::new(recipe, &self.source, &calibration.sequences)?;
        let blocks = Blocks {
            job: self.job,
            config: &self.config,
            calibration: &calibration,
            gradients,
            run: self.claim.begin(journal)?,
        };
        blocks.run(self.source, method, listener)
    }

    fn as_a_whole(self, method: &WholeModel, listener: &mut dyn FnMut(Progress<'_>)) -> Result<Report, Error> {
        #[cfg(feature = "mimalloc")]
        let _kept = crate::allocator::KeptMemory::new();
        let training = TrainingRun::begin(self.job, &self.source, self.claim)?;
        if let WholeModel::Masked(first) = method {
            prune_first_stage(self.job, first, &training.first_stage_folder(), listener)?;
        }
        training.run(method, listener)
    }
}

/// Prunes with the first of two methods into a folder, unless an interrupted run has.
fn prune_first_stage(
    job: &PruneJob<'_>,
    first: &FirstStage,
    out: &Path,
    listener: &mut dyn FnMut(Progress<'_>),
) -> Result<(), Error> {
    if out.exists() {
        return Ok(());
    }
    let mut recipe = job.recipe.clone();
    recipe.method = first.method;
    recipe.training = None;
    recipe.dtype = FloatType::F32;
    let first = PruneJob {
        out,
        recipe: &recipe,
        overwrite: Overwrite::Force,
        ..*job
    };
    prune_checkpoint(&first, listener).map(drop)
}
