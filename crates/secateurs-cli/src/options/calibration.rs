//! Options of the calibration.

use std::path::Path;

use clap::Args;
use secateurs::{CalibrationDraft, TracePart, is_trace_file};

use crate::error::CliError;
use crate::options::named::named;
use crate::options::numbers::at_least;

/// Calibration text or traces.
#[derive(Debug, Args)]
#[command(next_help_heading = "Calibration (all methods but random, magnitude, random+finetune, elsa and elsa-l)")]
pub(crate) struct CalibrationArgs {
    /// UTF-8 text to calibrate on, or traces that `secateurs trace` made
    #[arg(short, long, value_name = "FILE")]
    calibration: Option<String>,
    /// For a text: tokens in a window [default: 1024]
    #[arg(long, value_name = "TOKENS", value_parser = at_least(2))]
    window: Option<usize>,
    /// For a text: number of windows, taken from its start without overlap [default: 16]
    #[arg(long, value_name = "COUNT", value_parser = at_least(1))]
    windows: Option<usize>,
    /// For traces: calibrate on the prompts alone (prompt), or on prompts and continuations (full) [default: full]
    #[arg(long, value_name = "PART", value_parser = named(&[TracePart::Prompt, TracePart::Full]))]
    calibration_part: Option<TracePart>,
    /// For traces: exactly COUNT tokens from the start of the file; the last trace is cut to fit [default: all]
    #[arg(long, value_name = "COUNT", value_parser = at_least(1))]
    calibration_tokens: Option<usize>,
}

impl CalibrationArgs {
    /// Lays the options over the calibration of a recipe file.
    pub(crate) fn merge(&self, file: Option<CalibrationDraft>) -> Result<Option<CalibrationDraft>, CliError> {
        let Self {
            calibration,
            window,
            windows,
            calibration_part: part,
            calibration_tokens: tokens,
        } = self;
        let has_settings = window.is_some() || windows.is_some() || part.is_some() || tokens.is_some();
        let file = match (calibration, file) {
            (Some(calibration), file) => replace_source(file.unwrap_or_default(), calibration.as_ref()),
            (None, Some(file)) => file,
            (None, None) if has_settings => return Err(CliError::Missing { flag: "--calibration" }),
            (None, None) => return Ok(None),
        };
        Ok(Some(CalibrationDraft {
            text: file.text,
            window: window.or(file.window),
            windows: windows.or(file.windows),
            skip: file.skip,
            traces: file.traces,
            part: part.or(file.part),
            tokens: tokens.or(file.tokens),
        }))
    }
}

/// Another file to calibrate on; settings stay as far as they concern files of its kind.
fn replace_source(file: CalibrationDraft, source: &Path) -> CalibrationDraft {
    if is_trace_file(source) {
        CalibrationDraft {
            traces: Some(source.to_owned()),
            part: file.part,
            tokens: file.tokens,
            ..CalibrationDraft::default()
        }
    } else {
        CalibrationDraft {
            text: Some(source.to_owned()),
            window: file.window,
            windows: file.windows,
            skip: file.skip,
            ..CalibrationDraft::default()
        }
    }
}
