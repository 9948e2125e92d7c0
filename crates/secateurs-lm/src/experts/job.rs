//! Prunes the experts of a checkpoint into another one.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use burn::tensor::Device;
use secateurs_data::{Checkpoint, CheckpointWriter, FloatType, OutputForm, OutputRequest, Overwrite};
use secateurs_models::llama::{ExpertsConfig, LlamaConfig, load_llama, planned_tensors, save_llama};
use secateurs_tensor::CostChange;
use serde_json::Value;

use super::observe::{Evidence, observe_experts};
use super::remove::{ExpertPlan, ExpertReport, remove_experts};
use super::zeros::Zeros;
use crate::Error;
use crate::prune::selection::check_fits;
use crate::run::cost::{cost_of_source, cost_of_written};
use crate::run::loaded::LoadedLlama;
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
    let started = Instant::now();
    let method = job.plan.method;
    if method.leaves_constants() {
        return Err(Error::NoConstantExperts { method });
    }
    let source = open_source(job.model)?;
    let config = LlamaConfig::describe(&source)?;
    let pruned = smaller(&config, &job.plan)?;
    job.calibration.check(&config)?;
    let claim = OutputRequest {
        out: job.out,
        form: OutputForm::MODEL,
        inputs: &[job.model, job.calibration.path()],
        overwrite: job.overwrite,
    }
    .claim()?;
    let config = LlamaConfig::open(&source)?;
    check_fits(&source, &planned_tensors(&config), job.dtype)?;
    let sequences = job.calibration.sequences(&source)?.sequences;
    let staged = claim.begin_once()?;
    // Begun before the work, so that a full disk shows now.
    let writer = CheckpointWriter::create(staged.folder(), planned_tensors(&pruned), job.dtype)?;
    let (_, llama) = load_llama(&source, job.device)?;
    let dense = LoadedLlama::new(&config, &llama);
    let observed = observe_experts(dense, &sequences, Evidence::of(method), listener)?;
    let (llama, mut report) = remove_experts(&llama, &observed, &job.plan)?;
    save_llama(&pruned, &llama, &writer)?;
    let json = config_json(&source, &pruned);
    let written = Written {
        writer: &writer,
        source: &source,
        config: LlamaConfig::from_json(&json)?,
    };
    written.describe(json, &mut report)?;
    staged.publish(|out| writer.finish(out))?;
    let n_experts = |config: &LlamaConfig| config.experts.map_or(0, |experts| experts.n_experts);
    Ok(ExpertOutcome {
        report,
        n_experts: (n_experts(&config), n_experts(&pruned)),
        n_parameters: (n_parameters(&config), n_parameters(&pruned)),
        seconds: started.elapsed().as_secs_f64(),
    })
}

fn n_parameters(config: &LlamaConfig) -> usize {
    let tensors = planned_tensors(config);
    tensors
        .iter()
        .map(|tensor| tensor.shape.iter().product::<usize>())
        .sum()
}

/// The shape of the model without the experts that are to go.
fn smaller(config: &LlamaConfig, plan: &ExpertPlan) -> Result<LlamaConfig, Error> {
    let experts = config.experts.ok_or(Error::NoExperts)?;
    check_left(&experts, plan)?;
    Ok(LlamaConfig {
        experts: Some(ExpertsConfig {
            n_experts: experts.n_experts - plan.n_removed(experts.n_experts),
            ..experts
        }),
        ..config.clone()
    })
}

/// Refuses before any work what cannot end well.
fn check_left(experts: &ExpertsConfig, plan: &ExpertPlan) -> Result<(), Error> {
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

/// A model without some of its experts on its way to its files.
struct Written<'a> {
    writer: &'a CheckpointWriter,
    source: &'a Checkpoint,
    /// The configuration that is written.
    config: LlamaConfig,
}

impl Written<'_> {
    /// Adds everything but the weights; the report counts what was written.
    fn describe(&self, json: Value, report: &mut ExpertReport) -> Result<(), Error> {
        self.writer.copy_metadata_with(self.source, json)?;
        self.count_zeros(report)?;
        self.count_experts(report);
        report.cost = Some(CostChange {
            before: cost_of_source(self.source, &LlamaConfig::describe(self.source)?)?,
            after: cost_of_written(self.writer, &self.config),
        });
        let report = serde_json::to_string_pretty(report).map_err(Error::Json)?;
        Ok(self.writer.write_file("experts.json", (report + "\n").as_bytes())?)
    }

    /// Counts the zeros of the experts as they are in the file.
    fn count_zeros(&self, report: &mut ExpertReport) -> Result<(), Error> {
        let mut of_blocks = vec![Zeros::default(); report.blocks.len()];
        for tensor in self.config.tensors().filter(|tensor| tensor.expert.is_some()) {
            if let Some(zeros) = tensor.plan.block.and_then(|block| of_blocks.get_mut(block)) {
                *zeros = *zeros + Zeros::among(&self.writer.read_f32(&tensor.plan.name)?);
            }
        }
        for (block, zeros) in report.blocks.iter_mut().zip(&of_blocks) {
            block.sparsity = zeros.share();
        }
        report.sparsity = of_blocks.into_iter().fold(Zeros::default(), |a, b| a + b).share();
        Ok(())
    }

    /// Counts the experts that the configuration names and the file holds.
    fn count_experts(&self, report: &mut ExpertReport) {
        let in_file: BTreeSet<&str> = self.writer.plan().iter().map(|tensor| tensor.name.as_str()).collect();
        for (block, unit) in report.units.iter_mut().enumerate() {
            let experts = self.config.block_tensors(block).into_iter();
            let experts = experts.filter(|tensor| in_file.contains(tensor.plan.name.as_str()));
            unit.after = experts
                .filter_map(|tensor| tensor.expert)
                .collect::<BTreeSet<_>>()
                .len();
        }
    }
}

/// The configuration of a source for another number of experts. Everything else stays as it was, also what is not read here.
fn config_json(source: &Checkpoint, pruned: &LlamaConfig) -> Value {
    // The number of experts may stand under the name of either family, or both.
    const NAMES: [&str; 2] = ["num_local_experts", "num_experts"];
    let mut json = source.config().clone();
    let experts = pruned.to_json();
    let own = NAMES.iter().find_map(|field| Some((*field, experts.get(*field)?)));
    if let Some((own, n_experts)) = own {
        for field in NAMES {
            if field == own || json.get(field).is_some() {
                json[field] = n_experts.clone();
            }
        }
    }
    json
}
