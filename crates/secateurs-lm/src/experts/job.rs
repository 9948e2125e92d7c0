//! Prunes the experts of a checkpoint into another one.

use std::path::Path;
use std::time::Instant;

use burn::tensor::Device;
use secateurs_data::{Checkpoint, CheckpointWriter, FloatType, OutputForm, OutputRequest, Overwrite, TensorPlan};
use secateurs_models::{FamilyKind, LoadedModel, MixtureFamily, MixtureJob, MixtureShape, ModelShape};

use super::observe::{Evidence, observe_experts};
use super::remove::{ExpertPlan, ExpertReport, remove_experts};
use super::zeros::Zeros;
use crate::Error;
use crate::prune::selection::check_fits;
use crate::run::source::open_source;
use crate::trace::calibration::Calibration;

/// A run that removes experts.
pub struct ExpertJob<'a> {
    /// The model: a Hugging Face folder with the layout of Mixtral or OLMoE.
    pub model: &'a Path,
    /// The folder to make.
    pub out: &'a Path,
    /// The experts that are to go.
    pub plan: ExpertPlan,
    /// Data that the experts are observed on.
    pub calibration: &'a Calibration,
    /// Number format of the output.
    pub dtype: FloatType,
    /// Treatment of earlier output; there is nothing to resume.
    pub overwrite: Overwrite,
    /// Device of the tensors.
    pub device: &'a Device,
}

/// The result of a run that removes experts.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpertOutcome {
    /// The experts that went, as stored beside the output.
    pub report: ExpertReport,
    /// Experts of a block before and after.
    pub n_experts: (usize, usize),
    /// Parameters of the model before and after.
    pub n_parameters: (usize, usize),
    /// Seconds of the whole run.
    pub seconds: f64,
}

/// Removes experts of a checkpoint into a Hugging Face folder with `experts.json` beside the model. The whole model is in memory.
///
/// The output folder appears by a rename, whole or not at all. While the run lasts, no other job can write the same output.
///
/// # Errors
///
/// If another job writes the output, the inputs cannot be used, the model is no mixture, too few experts would be left, the method leaves constants, or the
/// output cannot be written.
pub fn prune_experts(job: &ExpertJob<'_>, listener: &mut dyn FnMut(usize, usize)) -> Result<ExpertOutcome, Error> {
    let method = job.plan.method;
    if method.leaves_constants() {
        return Err(Error::NoConstantExperts { method });
    }
    let source = open_source(job.model)?;
    let family = FamilyKind::of(&source)?;
    let any = AnyMixture { job, source, listener };
    family.run_on_mixtures(any).unwrap_or(Err(Error::NoExperts))
}

struct AnyMixture<'a> {
    job: &'a ExpertJob<'a>,
    source: Checkpoint,
    listener: &'a mut dyn FnMut(usize, usize),
}

impl MixtureJob for AnyMixture<'_> {
    type Output = Result<ExpertOutcome, Error>;

    fn run<F: MixtureFamily>(self) -> Self::Output {
        prune_mixtures::<F>(self.job, &self.source, self.listener)
    }
}

fn prune_mixtures<F: MixtureFamily>(
    job: &ExpertJob<'_>,
    source: &Checkpoint,
    listener: &mut dyn FnMut(usize, usize),
) -> Result<ExpertOutcome, Error> {
    let started = Instant::now();
    let family = F::describe(source)?;
    let pruned = smaller(&family, &job.plan)?;
    let [shape, smaller] = [&family, &pruned].map(ModelShape::of);
    job.calibration.check(&shape)?;
    let output = OutputRequest {
        out: job.out,
        form: OutputForm::MODEL,
        inputs: &[job.model, job.calibration.path()],
        overwrite: job.overwrite,
    };
    let claim = output.claim()?;
    source.check_finite()?;
    check_fits(source, &shape.tensors, job.dtype)?;
    let sequences = job.calibration.sequences_for(source, &shape)?.sequences;
    let staged = claim.begin_once()?;
    // Begun before the work, so that a full disk shows now.
    let writer = CheckpointWriter::create(staged.folder(), smaller.planned(), job.dtype)?;
    let dense = family.load(source, job.device)?;
    let dense = LoadedModel::new(&family, &dense);
    let observed = observe_experts(dense, &sequences, Evidence::of(job.plan.method), listener)?;
    let (model, mut report) = remove_experts(dense, &observed, &job.plan)?;
    fill(&writer, source, LoadedModel::new(&pruned, &model), &mut report)?;
    staged.publish(|out| writer.finish(out))?;
    let n_experts = |shape: &ModelShape| shape.mixture.map_or(0, |mixture| mixture.n_experts);
    Ok(ExpertOutcome {
        report,
        n_experts: (n_experts(&shape), n_experts(&smaller)),
        n_parameters: (shape.n_parameters(), smaller.n_parameters()),
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// The shape of the model without the experts that are to go.
fn smaller<F: MixtureFamily>(family: &F, plan: &ExpertPlan) -> Result<F, Error> {
    let experts = family.mixture().ok_or(Error::NoExperts)?;
    check_left(&experts, plan)?;
    let n_removed = plan.share.pruned_count(experts.n_experts);
    let n_removed = if plan.method.removes_experts() { n_removed } else { 0 };
    Ok(family.with_experts(experts.n_experts - n_removed))
}

/// Refuses before any work what cannot end well.
fn check_left(experts: &MixtureShape, plan: &ExpertPlan) -> Result<(), Error> {
    let n_removed = plan.share.pruned_count(experts.n_experts);
    if plan.method.removes_experts() && experts.n_experts - n_removed < experts.top_k {
        let left = secateurs_moe::MoeError::TooFewLeft {
            n_removed,
            n_experts: experts.n_experts,
            needed: experts.top_k,
        };
        return Err(left.into());
    }
    Ok(())
}

/// Writes the model and its report, which counts the zeros that were written.
fn fill<F: MixtureFamily>(
    writer: &CheckpointWriter,
    source: &Checkpoint,
    pruned: LoadedModel<'_, F>,
    report: &mut ExpertReport,
) -> Result<(), Error> {
    let LoadedModel { family, model } = pruned;
    family.save(model, writer)?;
    // Everything else of the configuration stays as it was, also what is not read here.
    let mut config = source.config().clone();
    family.write_experts(&mut config);
    writer.copy_metadata_with(source, config)?;
    count_zeros(writer, &family.expert_tensors(), report)?;
    let report = serde_json::to_string_pretty(report).map_err(Error::Json)?;
    Ok(writer.write_file("experts.json", (report + "\n").as_bytes())?)
}

/// Counts the zeros of the experts as they are in the file.
fn count_zeros(writer: &CheckpointWriter, experts: &[TensorPlan], report: &mut ExpertReport) -> Result<(), Error> {
    let mut of_blocks = vec![Zeros::default(); report.blocks.len()];
    for tensor in experts {
        let block = tensor.block.and_then(|block| of_blocks.get_mut(block));
        if let Some(zeros) = block {
            *zeros = *zeros + Zeros::among(&writer.read_f32(&tensor.name)?);
        }
    }
    for (block, zeros) in report.blocks.iter_mut().zip(&of_blocks) {
        block.sparsity = zeros.share();
    }
    report.sparsity = of_blocks.into_iter().fold(Zeros::default(), |a, b| a + b).share();
    Ok(())
}
