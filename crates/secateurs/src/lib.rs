#![doc = include_str!("../README.md")]

#[cfg(feature = "mimalloc")]
pub mod allocator;
mod answer;
mod calibration;
mod compare;
mod error;
mod evaluate;
mod experts;
mod fidelity;
mod info;
mod job;
mod journal;
pub mod kan_file;
mod lines;
mod memory;
mod method;
mod notes;
mod output;
mod pack;
mod packed;
mod plain_text;
mod prompt_encoder;
mod prompts;
pub mod pykan;
mod recipe;
mod selection;
mod text;
mod trace;
mod trace_job;
mod trace_plan;
mod trace_writer;
mod train_data;
mod train_job;
mod train_journal;
mod train_state;
mod training;
mod training_log;
mod windows;

pub use secateurs_causal as causal;
pub use secateurs_data as data;
pub use secateurs_formula as formula;
pub use secateurs_importance as importance;
pub use secateurs_kan as kan;
pub use secateurs_models as models;
pub use secateurs_moe as moe;
pub use secateurs_moe_theory as moe_theory;
pub use secateurs_ops as ops;
pub use secateurs_prune as prune;
pub use secateurs_runtime as runtime;
pub use secateurs_sparse as sparse;
pub use secateurs_tensor as tensor;

pub use answer::{Accuracy, accuracy, extract_number, reference_numbers};
pub use calibration::{Calibration, CalibrationError, CalibrationTokens, TextCalibration, TraceCalibration, TracePart};
pub use compare::{Comparison, TensorDifference, compare};
pub use error::Error;
pub use evaluate::{Evaluation, check_window, evaluate, evaluate_llama, evaluate_packed};
pub use experts::{
    BlockExperts, Evidence, ExpertJob, ExpertMethod, ExpertObservation, ExpertOutcome, ExpertPlan, ExpertReport,
    observe_experts, prune_experts, remove_experts,
};
pub use fidelity::{Fidelity, PartFidelity, fidelity, fidelity_of};
pub use info::{Info, LinearInfo, info};
pub use job::{PruneJob, PruneOutcome, prune_checkpoint};
pub use lines::{LineError, LineProblem};
pub use memory::{peak_rss_bytes, reset_peak_rss};
pub use method::{Method, MethodOptions};
pub use output::Overwrite;
pub use pack::{FormatChoice, PackConfig, PackedInfo, PackedLayout, pack_checkpoint};
pub use packed::is_packed;
pub use plain_text::read_plain_text;
pub use prompt_encoder::{PromptEncoder, PromptStyle};
pub use prompts::{PromptFile, PromptRecord};
pub use recipe::{AllocationRecipe, Recipe};
pub use secateurs_data::staging_path;
pub use selection::{BlockMatrix, block_matrices};
pub use text::{Completion, TextGenerator};
pub use trace::{PromptSelection, Trace, TraceHeader, TraceReader, TraceSource, TraceStop, is_trace_file};
pub use trace_job::{TraceConfig, TraceJob, TraceOutcome, TraceProgress, trace_prompts};
pub use training::Training;
pub use training_log::{SparseLoss, TrainingLog};
pub use windows::{all_windows, first_windows};

/// What most programs need.
pub mod prelude {
    pub use crate::importance::{Importance, LayerView, Magnitude, Ria, Taylor, Wanda, prune_module};
    pub use crate::prune::{Alps, BlockPlan, BlockStore, Compensate, LAdmm, MaskOnly, SparseGpt, prune_blocks};
    pub use crate::tensor::{
        KeepMask, NmPattern, Observer, PathRules, Pattern, Report, Scope, Sparsity, WeightMatrix, attach_masks,
        fold_masks,
    };
    pub use crate::{Method, Recipe};
}
