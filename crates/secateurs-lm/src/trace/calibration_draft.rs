//! A calibration in the form of a recipe file.

use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::trace::calibration::{Calibration, TextCalibration, TraceCalibration, TracePart};
use crate::trace::calibration_error::CalibrationError;

/// A calibration with optional parts: the content of a recipe file, before options of the command line are applied.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct CalibrationDraft {
    /// Path of a UTF-8 text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<PathBuf>,
    /// Tokens per window of the text (1024).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<usize>,
    /// Number of windows of the text (16).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows: Option<usize>,
    /// Number of windows of the text to skip (0).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip: Option<usize>,
    /// Path of a file of traces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traces: Option<PathBuf>,
    /// Part of each trace that is read (full).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<TracePart>,
    /// Number of tokens of the traces in all (all tokens).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<usize>,
}

impl TryFrom<CalibrationDraft> for Calibration {
    type Error = CalibrationError;

    fn try_from(draft: CalibrationDraft) -> Result<Self, CalibrationError> {
        let of_texts = [
            ("window", draft.window.is_some()),
            ("windows", draft.windows.is_some()),
            ("skip", draft.skip.is_some()),
        ];
        let of_traces = [("part", draft.part.is_some()), ("tokens", draft.tokens.is_some())];
        let refuse = |settings: &[(&'static str, bool)], of| match settings.iter().find(|(_, is_given)| *is_given) {
            Some((setting, _)) => Err(CalibrationError::Setting { setting, of }),
            None => Ok(()),
        };
        match (draft.text, draft.traces) {
            (Some(text), None) => {
                refuse(&of_traces, "traces, and this is a text")?;
                Ok(Self::Text(TextCalibration {
                    text,
                    window: draft.window.unwrap_or(1024),
                    windows: draft.windows.unwrap_or(16),
                    skip: draft.skip.unwrap_or(0),
                }))
            }
            (None, Some(traces)) => {
                refuse(&of_texts, "texts, and these are traces")?;
                if draft.tokens == Some(0) {
                    return Err(CalibrationError::NoTokens);
                }
                Ok(Self::Traces(TraceCalibration {
                    traces,
                    part: draft.part.unwrap_or_default(),
                    tokens: draft.tokens,
                }))
            }
            _ => Err(CalibrationError::Source),
        }
    }
}

impl From<Calibration> for CalibrationDraft {
    fn from(calibration: Calibration) -> Self {
        match calibration {
            Calibration::Text(text) => Self {
                text: Some(text.text),
                window: Some(text.window),
                windows: Some(text.windows),
                skip: Some(text.skip).filter(|skip| *skip > 0),
                ..Self::default()
            },
            Calibration::Traces(traces) => Self {
                traces: Some(traces.traces),
                part: Some(traces.part),
                tokens: traces.tokens,
                ..Self::default()
            },
        }
    }
}

impl Serialize for Calibration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        CalibrationDraft::from(self.clone()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Calibration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        CalibrationDraft::deserialize(deserializer)?
            .try_into()
            .map_err(D::Error::custom)
    }
}
