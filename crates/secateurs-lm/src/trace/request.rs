//! A request to make traces.

use std::path::Path;

use secateurs_data::Overwrite;
use secateurs_runtime::EngineConfig;
use secateurs_sparse::{ValueType, VectorType};

use crate::text::prompt_encoder::PromptStyle;
use crate::trace::format::TraceSource;
use crate::trace::prompts::PromptFile;

/// A run that makes traces.
#[derive(Debug, Clone, Copy)]
pub struct TraceJob<'a> {
    /// The model: a Hugging Face folder, dense or packed, or a GGUF file.
    pub model: &'a Path,
    /// The prompts.
    pub prompts: &'a PromptFile,
    /// The file to create.
    pub out: &'a Path,
    /// Settings of the run.
    pub config: &'a TraceConfig,
    /// Treatment of earlier output.
    pub overwrite: Overwrite,
}

/// Settings of a run that makes traces.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceConfig {
    /// Style in which prompts are put to the model.
    pub style: PromptStyle,
    /// Number of prompts to skip at the start.
    pub skip: usize,
    /// Largest number of prompts after those.
    pub limit: Option<usize>,
    /// Source of the continuations.
    pub source: TraceSource,
    /// Number of continuations sampled together, at most [`SMALL_BATCH`](secateurs_sparse::SMALL_BATCH); they do not
    /// depend on it.
    pub batch: usize,
    /// Threads and instruction set.
    pub engine: EngineConfig,
    /// Storage type of weights that a GGUF file holds quantised.
    pub dense: ValueType,
    /// Storage type of keys and values.
    pub cache: VectorType,
}

/// Progress of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceProgress {
    /// Number of finished traces, including an earlier run's.
    pub done: usize,
    /// Number of all traces.
    pub total: usize,
    /// Number of tokens that this run sampled.
    pub new_tokens: usize,
}
