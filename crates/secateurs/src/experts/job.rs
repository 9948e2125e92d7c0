//! Prunes the experts of a checkpoint into another one.

use std::path::Path;
use std::time::Instant;

use burn::tensor::Device;
use secateurs_data::{Checkpoint, CheckpointWriter, FloatType};
use secateurs_models::llama::{ExpertsConfig, LlamaConfig, load_llama, planned_tensors, save_llama};

use super::observe::{Evidence, observe_experts};
use super::remove::{ExpertPlan, ExpertReport, remove_experts};
use crate::Error;
use crate::calibration::Calibration;
use crate::job::{Overwrite, make_way, remove_dir, staging_path};
use crate::packed::is_packed;

/// A run that removes experts.
pub struct ExpertJob<'a> {
    /// The model: a Hugging Face folder with the layout of Mixtral or OLMoE.
    pub model: &'a Path,
    /// The folder to make.
    pub out: &'a Path,
    /// What is to go.
    pub plan: ExpertPlan,
    /// What the experts are observed on.
    pub calibration: &'a Calibration,
    /// Number format of the output.
    pub dtype: FloatType,
    /// What to do with earlier output; there is nothing to resume.
    pub overwrite: Overwrite,
    /// Where tensors are computed.
    pub device: &'a Device,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpertOutcome {
    /// What went, as stored beside the output.
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
/// The output folder appears by a rename, whole or not at all.
///
/// # Errors
///
/// If the inputs cannot be used, the model is no mixture, too few experts would be left, the method leaves constants, or the
/// output cannot be written.
pub fn prune_experts(job: &ExpertJob<'_>, listener: &mut dyn FnMut(usize, usize)) -> Result<ExpertOutcome, Error> {
    let started = Instant::now();
    let method = job.plan.method;
    if method.leaves_constants() {
        return Err(Error::NoConstantExperts { method });
    }
    make_way(job.out, &[job.model, job.calibration.path()], job.overwrite)?;
    let source = Checkpoint::open(job.model)?;
    if is_packed(&source) {
        let path = job.model.to_owned();
        return Err(Error::IsPacked { path });
    }
    let config = LlamaConfig::open(&source)?;
    let experts = config.experts.ok_or(Error::NoExperts)?;
    check_left(&experts, &job.plan)?;
    let sequences = job.calibration.sequences(&source)?.sequences;
    let (_, llama) = load_llama(&source, job.device)?;
    let observed = observe_experts((&config, &llama), &sequences, Evidence::of(method), listener)?;
    let (llama, report) = remove_experts(&llama, &observed, &job.plan)?;
    let n_left = report
        .blocks
        .first()
        .map_or(experts.n_experts, |block| block.kept.len());
    let pruned = LlamaConfig {
        experts: Some(ExpertsConfig {
            n_experts: n_left,
            ..experts
        }),
        ..config.clone()
    };
    write(job, &source, (&pruned, &llama), &report)?;
    let count = |config: &LlamaConfig| {
        let tensors = planned_tensors(config);
        tensors
            .iter()
            .map(|tensor| tensor.shape.iter().product::<usize>())
            .sum()
    };
    Ok(ExpertOutcome {
        report,
        n_experts: (experts.n_experts, n_left),
        n_parameters: (count(&config), count(&pruned)),
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// Refuses before any work what cannot end well.
fn check_left(experts: &ExpertsConfig, plan: &ExpertPlan) -> Result<(), Error> {
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

fn write(
    job: &ExpertJob<'_>,
    source: &Checkpoint,
    (config, llama): (&LlamaConfig, &secateurs_models::llama::Llama),
    report: &ExpertReport,
) -> Result<(), Error> {
    let staging = staging_path(job.out);
    if staging.exists() {
        remove_dir(&staging)?;
    }
    let writer = CheckpointWriter::create(&staging, planned_tensors(config), job.dtype)?;
    let written = fill(&writer, source, (config, llama), report);
    if let Err(error) = written {
        drop(writer);
        remove_dir(&staging)?;
        return Err(error);
    }
    if job.out.exists() {
        remove_dir(job.out)?;
    }
    Ok(writer.finish(job.out)?)
}

fn fill(
    writer: &CheckpointWriter,
    source: &Checkpoint,
    (config, llama): (&LlamaConfig, &secateurs_models::llama::Llama),
    report: &ExpertReport,
) -> Result<(), Error> {
    save_llama(llama, writer)?;
    writer.copy_metadata(source)?;
    let mut json = source.config().clone();
    let experts = config.to_json();
    // Everything else of the configuration stays as it was, also what is not read here. The number of experts may stand under
    // the name of either family, or both.
    const NAMES: [&str; 2] = ["num_local_experts", "num_experts"];
    let own = NAMES.iter().find_map(|field| Some((*field, experts.get(*field)?)));
    if let Some((own, n_experts)) = own {
        for field in NAMES {
            if field == own || json.get(field).is_some() {
                json[field] = n_experts.clone();
            }
        }
    }
    json["torch_dtype"] = writer.float_type().torch_name().into();
    let text = |json: &serde_json::Value| serde_json::to_string_pretty(json).map_err(Error::Json);
    writer.write_file("config.json", (text(&json)? + "\n").as_bytes())?;
    let report = serde_json::to_string_pretty(report).map_err(Error::Json)?;
    Ok(writer.write_file("experts.json", (report + "\n").as_bytes())?)
}
