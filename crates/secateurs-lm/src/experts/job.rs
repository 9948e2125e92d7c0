//! Removes experts of a checkpoint and writes the result as another one.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use burn::tensor::Device;
use secateurs_data::{Checkpoint, CheckpointWriter, FloatType, OutputForm, OutputRequest, Overwrite};
use secateurs_models::{ExpertTensor, FamilyKind, LoadedModel, MixtureFamily, MixtureJob, MixtureShape, ModelShape};
use secateurs_tensor::CostChange;
use serde_json::Value;

use super::observe::{Evidence, observe_experts};
use super::remove::{ExpertPlan, ExpertReport, remove_experts};
use super::zeros::Zeros;
use crate::experts::error::ExpertError;
use crate::prune::recipes::selection::check_fits;
use crate::run::cost::{cost_of_source, cost_of_written};
use crate::run::error::ModelFileError;
use crate::run::source::open_source;
use crate::trace::calibration::Calibration;

/// A run that removes experts.
pub struct ExpertJob<'a> {
    /// The model: a Hugging Face folder with the layout of Mixtral or OLMoE.
    pub model: &'a Path,
    /// The folder to create.
    pub out: &'a Path,
    /// The choice of the experts to remove.
    pub plan: ExpertPlan,
    /// Data on which the experts are observed.
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
    /// The report on removed experts, as stored beside the output.
    pub report: ExpertReport,
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
pub fn prune_experts(
    job: &ExpertJob<'_>,
    listener: &mut dyn FnMut(usize, usize),
) -> Result<ExpertOutcome, ExpertError> {
    let method = job.plan.method;
    if method.leaves_constants() {
        return Err(ExpertError::NoConstantExperts { method });
    }
    let source = open_source(job.model)?;
    let family = FamilyKind::of(&source)?;
    let any = AnyMixture { job, source, listener };
    family.run_on_mixtures(any).unwrap_or(Err(ExpertError::NoExperts))
}

struct AnyMixture<'a> {
    job: &'a ExpertJob<'a>,
    source: Checkpoint,
    listener: &'a mut dyn FnMut(usize, usize),
}

impl MixtureJob for AnyMixture<'_> {
    type Output = Result<ExpertOutcome, ExpertError>;

    fn run<F: MixtureFamily>(self) -> Self::Output {
        prune_mixtures::<F>(self.job, &self.source, self.listener)
    }
}

fn prune_mixtures<F: MixtureFamily>(
    job: &ExpertJob<'_>,
    source: &Checkpoint,
    listener: &mut dyn FnMut(usize, usize),
) -> Result<ExpertOutcome, ExpertError> {
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
    pruned.save(&model, &writer)?;
    // Everything else of the configuration stays as it was, also what is not read here.
    let mut json = source.config().clone();
    pruned.write_experts(&mut json);
    let written = Written {
        writer: &writer,
        source,
        before: &shape,
        family: F::from_config(&json)?,
    };
    written.describe(json, &mut report)?;
    staged.publish(|out| writer.finish(out))?;
    Ok(ExpertOutcome {
        report,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// The shape of the model without the experts to remove.
fn smaller<F: MixtureFamily>(family: &F, plan: &ExpertPlan) -> Result<F, ExpertError> {
    let experts = family.mixture().ok_or(ExpertError::NoExperts)?;
    check_left(&experts, plan)?;
    Ok(family.with_experts(experts.n_experts - plan.n_removed(experts.n_experts)))
}

/// Refuses jobs that cannot succeed, before any work.
fn check_left(experts: &MixtureShape, plan: &ExpertPlan) -> Result<(), ExpertError> {
    let n_removed = plan.n_removed(experts.n_experts);
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

/// A model without the removed experts, before it is written.
struct Written<'a, F> {
    writer: &'a CheckpointWriter,
    source: &'a Checkpoint,
    /// The shape of the source.
    before: &'a ModelShape,
    /// The shape in the configuration to be written.
    family: F,
}

impl<F: MixtureFamily> Written<'_, F> {
    /// Adds everything but the weights; the report counts the written weights.
    fn describe(&self, json: Value, report: &mut ExpertReport) -> Result<(), ExpertError> {
        self.writer.copy_metadata_with(self.source, json)?;
        let experts = self.family.expert_tensors();
        self.count_zeros(&experts, report)?;
        self.count_experts(&experts, report);
        report.cost = Some(CostChange {
            before: cost_of_source(self.source, self.before)?,
            after: cost_of_written(self.writer, &ModelShape::of(&self.family)),
        });
        let report = serde_json::to_string_pretty(report).map_err(ModelFileError::Json)?;
        Ok(self.writer.write_file("experts.json", (report + "\n").as_bytes())?)
    }

    /// Counts the zeros of the experts in the file.
    fn count_zeros(&self, experts: &[ExpertTensor], report: &mut ExpertReport) -> Result<(), ExpertError> {
        let mut of_blocks = vec![Zeros::default(); report.blocks.len()];
        for ExpertTensor { plan, .. } in experts {
            if let Some(zeros) = plan.block.and_then(|block| of_blocks.get_mut(block)) {
                *zeros = *zeros + Zeros::among(&self.writer.read_f32(&plan.name)?);
            }
        }
        for (block, zeros) in report.blocks.iter_mut().zip(&of_blocks) {
            block.sparsity = zeros.share();
        }
        report.sparsity = of_blocks.into_iter().fold(Zeros::default(), |a, b| a + b).share();
        Ok(())
    }

    /// Counts the experts in the configuration and in the file.
    fn count_experts(&self, experts: &[ExpertTensor], report: &mut ExpertReport) {
        let in_file: BTreeSet<&str> = self.writer.plan().iter().map(|tensor| tensor.name.as_str()).collect();
        for (block, unit) in report.units.iter_mut().enumerate() {
            let experts = experts.iter().filter(|tensor| tensor.plan.block == Some(block));
            let experts = experts.filter(|tensor| in_file.contains(tensor.plan.name.as_str()));
            unit.after = experts.map(|tensor| tensor.expert).collect::<BTreeSet<_>>().len();
        }
    }
}
