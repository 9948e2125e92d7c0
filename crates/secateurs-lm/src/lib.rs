#![doc = include_str!("../README.md")]

#[cfg(feature = "mimalloc")]
pub mod allocator;
mod error;
mod experts;
mod measure;
mod pack;
mod prune;
mod run;
mod text;
mod trace;
mod train;

pub use error::Error;
pub use experts::ExpertError;
pub use experts::{
    BlockExperts, Evidence, ExpertJob, ExpertMethod, ExpertObservation, ExpertOutcome, ExpertPlan, ExpertReport,
    observe_experts, prune_experts, remove_experts,
};
pub use measure::MeasureError;
pub use measure::{
    Accuracy, Comparison, Evaluation, Fidelity, Info, LinearInfo, PartFidelity, TensorDifference, accuracy, compare,
    evaluate, evaluate_model, evaluate_on_windows, evaluate_packed, extract_number, fidelity, fidelity_of, info,
    reference_numbers,
};
pub use pack::PackError;
pub use pack::{FormatChoice, PackConfig, PackedInfo, PackedLayout, is_packed, pack_checkpoint};
pub use prune::{
    Algorithm, AllocationRecipe, BlockMatrix, Elsa, ElsaState, FirstStage, Method, MethodOptions, PlannedBlock,
    PruneJob, PruneOutcome, PrunePlan, Recipe, RecipeDraft, WholeModel, block_matrices, prune_checkpoint, prune_family,
    prune_language_model,
};
pub use prune::{PruneJobError, RecipeError};
pub use run::{ModelFileError, UnknownMethod};
pub use run::{Overwrite, peak_rss_bytes, reset_peak_rss};
pub use secateurs_data::staging_path;
pub use text::TextError;
pub use text::{
    Completion, LineError, LineProblem, PromptEncoder, PromptStyle, TextGenerator, TextWindows, all_windows,
    check_window, first_windows, read_plain_text,
};
pub use trace::TraceError;
pub use trace::{
    Calibration, CalibrationDraft, CalibrationError, CalibrationTokens, PromptFile, PromptRecord, PromptSelection,
    TextCalibration, Trace, TraceCalibration, TraceConfig, TraceHeader, TraceJob, TraceOutcome, TracePart,
    TraceProgress, TraceReader, TraceSource, TraceStop, is_trace_file, trace_prompts,
};
pub use train::TrainJobError;
pub use train::{SparseLoss, Training, TrainingLog};
