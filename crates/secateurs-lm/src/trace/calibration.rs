//! Calibration data: token sequences of a text or of traces.

use std::path::{Path, PathBuf};

use secateurs_data::Checkpoint;
use secateurs_models::ModelShape;
use serde::{Deserialize, Serialize};

use crate::text::error::LineProblem;
use crate::text::error::TextError;
use crate::text::plain_text::read_plain_text;
use crate::text::windows::{TextWindows, check_window, first_windows};
use crate::trace::calibration_error::CalibrationError;
use crate::trace::error::TraceError;
use crate::trace::format::{TraceReader, TraceSource};

/// Data for calibration.
#[derive(Debug, Clone, PartialEq)]
pub enum Calibration {
    /// Windows of a text.
    Text(TextCalibration),
    /// Prompts with continuations; if the model itself wrote them, this is RAC (arXiv 2509.12464).
    Traces(TraceCalibration),
}

/// Windows of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextCalibration {
    /// Path of a UTF-8 text.
    pub text: PathBuf,
    /// Tokens per window.
    pub window: usize,
    /// Number of windows: the first ones of the text after those skipped, without overlap.
    pub windows: usize,
    /// Number of windows to skip, so that repetitions can calibrate on other parts of a text.
    pub skip: usize,
}

/// Prompts with continuations, in the order of their file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceCalibration {
    /// Path of a file of traces.
    pub traces: PathBuf,
    /// Part of each trace that is read.
    pub part: TracePart,
    /// Number of tokens in all, for which the last trace is cut; `None` reads all.
    pub tokens: Option<usize>,
}

/// Part of each trace that is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TracePart {
    /// The prompt alone.
    Prompt,
    /// The prompt and its continuation.
    #[default]
    Full,
}

impl Calibration {
    /// The file that is read.
    pub fn path(&self) -> &Path {
        match self {
            Self::Text(text) => &text.text,
            Self::Traces(traces) => &traces.traces,
        }
    }

    /// Refuses a calibration that reads nothing, or windows longer than the model's positions; no file is read.
    pub(crate) fn check(&self, shape: &ModelShape) -> Result<(), TraceError> {
        match self {
            Self::Text(text) => text.check(shape),
            Self::Traces(TraceCalibration { tokens: Some(0), .. }) => Err(CalibrationError::NoTokens.into()),
            Self::Traces(_) => Ok(()),
        }
    }

    /// The token sequences, each to be run separately from position 0: no token is ever added to make them equally
    /// long.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, has too few tokens, or a sequence is too long for the model.
    ///
    /// # References
    ///
    /// Phase II of RAC (arXiv 2509.12464): teacher-forced, prompt and continuation together.
    /// **Deviates:** the reference code pads batches and lets the pad tokens into the Hessian; it collects statistics
    /// of many blocks from the dense model, where a block here sees the outputs of the pruned blocks before it; its
    /// scope `all` prunes the output matrix, which is never pruned here.
    pub fn sequences(&self, source: &Checkpoint) -> Result<CalibrationTokens, TraceError> {
        self.sequences_for(source, &ModelShape::describe(source)?)
    }

    /// Reads the [`sequences`](Self::sequences) for a model of a known shape.
    pub(crate) fn sequences_for(
        &self,
        source: &Checkpoint,
        shape: &ModelShape,
    ) -> Result<CalibrationTokens, TraceError> {
        match self {
            Self::Text(text) => text.sequences(source, shape),
            Self::Traces(traces) => traces.sequences(source, shape),
        }
    }
}

/// Token sequences for calibration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CalibrationTokens {
    /// The sequences, of any lengths.
    pub sequences: Vec<Vec<u32>>,
    /// Notes for a reader of the result.
    pub notes: Vec<String>,
}

/// Converts traces to sequences, and counts their tokens.
#[derive(Default)]
struct ReadTraces {
    sequences: Vec<Vec<u32>>,
    n_prompt: usize,
    n_new: usize,
}

impl TextCalibration {
    fn check(&self, shape: &ModelShape) -> Result<(), TraceError> {
        if self.windows == 0 || self.window < 2 {
            return Err(TextError::WindowSize {
                count: self.windows,
                window: self.window,
            }
            .into());
        }
        Ok(check_window(shape, self.window)?)
    }

    fn sequences(&self, source: &Checkpoint, shape: &ModelShape) -> Result<CalibrationTokens, TraceError> {
        self.check(shape)?;
        let wanted = TextWindows {
            text: &read_plain_text(&self.text)?,
            count: self.skip + self.windows,
            length: self.window,
        };
        let windows = first_windows(&source.tokenizer()?, &wanted, "the calibration text")?;
        Ok(CalibrationTokens {
            sequences: windows.into_iter().skip(self.skip).collect(),
            notes: Vec::new(),
        })
    }
}

impl TraceCalibration {
    fn sequences(&self, source: &Checkpoint, shape: &ModelShape) -> Result<CalibrationTokens, TraceError> {
        let mut reader = TraceReader::open(&self.traces, shape.vocab_size)?;
        let read = self.read(&mut reader, shape.max_positions)?;
        let (got, wanted) = (read.n_prompt + read.n_new, self.tokens.unwrap_or(1));
        if got < wanted {
            return Err(TraceError::TooFewTraceTokens {
                path: self.traces.clone(),
                got,
                wanted,
            });
        }
        let header = reader.header();
        let whose = match &header.source {
            TraceSource::Given { field, .. } => format!("given as {field}"),
            TraceSource::Sampled { .. } if header.model == source.fingerprint()? => {
                "sampled from this model".to_owned()
            }
            TraceSource::Sampled { .. } => "sampled from another model".to_owned(),
        };
        Ok(CalibrationTokens {
            notes: vec![format!(
                "calibrated on {} traces: {} tokens of prompts, {} of continuations {whose}",
                read.sequences.len(),
                read.n_prompt,
                read.n_new
            )],
            sequences: read.sequences,
        })
    }

    /// Reads traces until there are enough tokens.
    fn read(&self, reader: &mut TraceReader, max_positions: usize) -> Result<ReadTraces, TraceError> {
        let mut read = ReadTraces::default();
        let mut left = self.tokens.unwrap_or(usize::MAX);
        while left > 0 {
            let Some(trace) = reader.next() else { break };
            let trace = trace?.within(max_positions);
            let mut tokens = match self.part {
                TracePart::Prompt => trace.prompt_tokens.clone(),
                TracePart::Full => trace.tokens(),
            };
            tokens.truncate(left);
            let n_tokens = tokens.len();
            if n_tokens > max_positions {
                return Err(reader.error(LineProblem::TooManyTokens {
                    n_tokens,
                    max_positions,
                }));
            }
            left -= n_tokens;
            let n_prompt = n_tokens.min(trace.prompt_tokens.len());
            read.n_prompt += n_prompt;
            read.n_new += n_tokens - n_prompt;
            read.sequences.push(tokens);
        }
        Ok(read)
    }
}
