//! Options of the calibration.

use std::path::Path;

use clap::Args;
use secateurs::{CalibrationDraft, TracePart, is_trace_file};

use crate::error::CliError;
use crate::options::named::explained;
use crate::options::numbers::at_least;

/// Calibration text or traces.
#[derive(Debug, Args)]
#[command(next_help_heading = "Calibration")]
pub(crate) struct CalibrationArgs {
    /// Calibration data: a UTF-8 text, or traces made by `secateurs trace`
    ///
    /// Required by --owl, and by all methods except random, magnitude, random+finetune, elsa and elsa-l. Refused otherwise.
    #[arg(short, long, value_name = "FILE")]
    calibration: Option<String>,
    /// Tokens in each window of the text [default: 1024]
    #[arg(long, value_name = "TOKENS", value_parser = at_least(2))]
    window: Option<usize>,
    /// Number of windows, taken from the start of the text without overlap [default: 16]
    #[arg(long, value_name = "COUNT", value_parser = at_least(1))]
    windows: Option<usize>,
    /// Part of each trace to calibrate on [default: full]
    #[arg(long, value_name = "PART", value_parser = explained(&[TracePart::Prompt, TracePart::Full], explain))]
    calibration_part: Option<TracePart>,
    /// Tokens to read from the traces; the last trace is cut to meet the number exactly [default: all]
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
            (None, None) if has_settings => {
                return Err(CliError::Missing {
                    flag: "--calibration: its settings need a text or traces",
                });
            }
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

fn explain(part: &TracePart) -> &'static str {
    match part {
        TracePart::Prompt => "The prompt alone",
        TracePart::Full => "The prompt and its continuation",
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
