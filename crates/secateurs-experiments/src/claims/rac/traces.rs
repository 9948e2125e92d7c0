//! Traces of a model: what calibrates, and what everything is measured on.

use std::path::{Path, PathBuf};

use secateurs::runtime::EngineConfig;
use secateurs::sparse::{SMALL_BATCH, ValueType, VectorType};
use secateurs::{
    Overwrite, PromptFile, PromptStyle, TraceConfig, TraceJob, TraceOutcome, TraceSource, staging_path, trace_prompts,
};

use crate::ExperimentError;

/// Prompts that one model continues, or whose continuations are given.
pub struct TracePlan<'a> {
    pub model: &'a Path,
    pub prompts: &'a Path,
    pub style: &'a PromptStyle,
    /// Prompts of the file that are left out before the first one.
    pub skip: usize,
    pub count: usize,
    pub source: TraceSource,
}

impl TracePlan<'_> {
    /// Writes the traces.
    pub fn run(&self, out: &Path, overwrite: Overwrite) -> Result<TraceOutcome, ExperimentError> {
        let config = TraceConfig {
            style: self.style.clone(),
            skip: self.skip,
            limit: Some(self.count),
            source: self.source.clone(),
            batch: SMALL_BATCH,
            // One thread for a model that is measured beside others.
            engine: EngineConfig {
                n_threads: rayon::current_num_threads(),
                ..EngineConfig::default()
            },
            dense: ValueType::F16,
            cache: VectorType::F16,
        };
        let job = TraceJob {
            model: self.model,
            prompts: &PromptFile::read(self.prompts, None)?,
            out,
            config: &config,
            overwrite,
        };
        Ok(trace_prompts(&job, &mut |_| {})?)
    }
}

/// The folder of traces, and whether those of an earlier run may be taken.
pub struct TraceFolder {
    pub path: PathBuf,
    pub may_resume: bool,
}

impl TraceFolder {
    /// The traces of that name, from an earlier run if they may be taken.
    pub fn keep(&self, name: &str, plan: &TracePlan<'_>) -> Result<PathBuf, ExperimentError> {
        let path = self.path.join(format!("{name}.jsonl"));
        if path.exists() && self.may_resume {
            return Ok(path);
        }
        let overwrite = match staging_path(&path).exists() && self.may_resume {
            true => Overwrite::Resume,
            false => Overwrite::Force,
        };
        plan.run(&path, overwrite)?;
        Ok(path)
    }
}

/// Continuations as the paper samples them.
pub fn sample(seed: u64, max_new_tokens: usize) -> TraceSource {
    TraceSource::Sampled {
        temperature: 0.6,
        top_p: 0.95,
        top_k: 0,
        seed,
        max_new_tokens,
        samples: 1,
    }
}
