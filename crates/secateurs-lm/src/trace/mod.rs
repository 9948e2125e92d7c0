//! Traces: prompts continued by a model, stored and used for calibration.

pub(crate) mod calibration;
pub(crate) mod calibration_draft;
pub(crate) mod calibration_error;
pub(crate) mod error;
pub(crate) mod format;
pub(crate) mod job;
pub(crate) mod plan;
pub(crate) mod prompts;
pub(crate) mod request;
pub(crate) mod writer;

pub use calibration::{Calibration, CalibrationTokens, TextCalibration, TraceCalibration, TracePart};
pub use calibration_draft::CalibrationDraft;
pub use calibration_error::CalibrationError;
pub use error::TraceError;
pub use format::{PromptSelection, Trace, TraceHeader, TraceReader, TraceSource, TraceStop, is_trace_file};
pub use job::{TraceOutcome, trace_prompts};
pub use prompts::{PromptFile, PromptRecord};
pub use request::{TraceConfig, TraceJob, TraceProgress};
