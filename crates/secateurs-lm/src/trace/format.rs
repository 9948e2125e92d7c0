//! Traces: prompts with continuations by a model or from a file.

use std::path::Path;

use secateurs_runtime::Stop;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::text::error::LineProblem;
use crate::text::lines::Lines;
use crate::text::prompt_encoder::PromptStyle;
use crate::trace::error::TraceError;

/// Kind of file in the first line of a file of traces.
const FORMAT: &str = "secateurs-traces";

/// The version of the format that is written, and the only one that is read.
const VERSION: u64 = 1;

/// The first line of a file of traces: everything that determines the other lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceHeader {
    format: String,
    version: u64,
    /// Fingerprint of the model whose tokens these are.
    pub model: String,
    /// The prompts that were chosen.
    pub prompts: PromptSelection,
    /// Source of the continuations.
    pub source: TraceSource,
    /// Number formats of weights and cache, on which a sampled token may depend; absent if nothing was sampled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbers: Option<String>,
}

/// A choice of prompts, and their style.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptSelection {
    /// Sha256 of the text of the file.
    pub sha256: String,
    /// The field of JSON lines that holds the prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Number of prompts skipped at the start.
    pub skip: usize,
    /// Largest number of prompts after those; absent for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Style in which prompts are put to the model.
    pub style: PromptStyle,
}

/// Source of continuations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum TraceSource {
    /// Sampled from the model; the random numbers of each continuation depend only on the seed, the prompt and the
    /// sample.
    Sampled {
        /// Temperature, the divisor of the logits; 0 takes the most likely token.
        temperature: f64,
        /// Share of the probability that the most likely tokens to choose from must reach together.
        top_p: f64,
        /// Number of the most likely tokens to choose from; 0 for all.
        top_k: usize,
        /// Seed of the sampler.
        seed: u64,
        /// Largest number of tokens of a continuation.
        max_new_tokens: usize,
        /// Number of continuations of every prompt.
        samples: usize,
    },
    /// Taken from the file of prompts, such as reference solutions: off-policy.
    Given {
        /// The field that holds the continuations.
        field: String,
        /// Largest number of tokens of a continuation.
        max_new_tokens: usize,
    },
}

impl TraceSource {
    /// Number of continuations of every prompt.
    pub fn samples(&self) -> usize {
        match self {
            Self::Sampled { samples, .. } => *samples,
            Self::Given { .. } => 1,
        }
    }
}

/// A prompt with one continuation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// Index of the prompt in its file, not counting lines without text.
    pub prompt: usize,
    /// Index of the continuation among the continuations of its prompt.
    pub sample: usize,
    /// The prompt as written in its file.
    pub prompt_text: String,
    /// Tokens of the prompt as the model read them, including the chat template's.
    pub prompt_tokens: Vec<u32>,
    /// Tokens of the continuation, without an end token.
    pub new_tokens: Vec<u32>,
    /// The continuation as text.
    pub text: String,
    /// Reason for the end of the continuation.
    pub stop: TraceStop,
}

impl Trace {
    /// The trace as a model with this number of positions runs it. A continuation that filled them has one token more,
    /// which was chosen last and never run; it is left out.
    pub fn within(mut self, max_positions: usize) -> Self {
        let n_tokens = self.prompt_tokens.len() + self.new_tokens.len();
        if self.stop == TraceStop::ContextFull && n_tokens == max_positions + 1 {
            self.new_tokens.pop();
        }
        self
    }

    /// Prompt and continuation.
    pub fn tokens(&self) -> Vec<u32> {
        [self.prompt_tokens.as_slice(), &self.new_tokens].concat()
    }
}

/// Reason for the end of a continuation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TraceStop {
    /// The model chose an end token, or the text ended.
    End,
    /// The continuation has the largest allowed number of tokens.
    MaxTokens,
    /// The sequence fills the positions of the model.
    ContextFull,
}

impl TraceStop {
    /// Whether the continuation was cut off.
    pub fn is_limit(self) -> bool {
        self != Self::End
    }
}

impl From<Stop> for TraceStop {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::End => Self::End,
            Stop::MaxTokens => Self::MaxTokens,
            Stop::ContextFull => Self::ContextFull,
        }
    }
}

impl TraceHeader {
    /// The header of a new file.
    pub(crate) fn new(model: String, prompts: PromptSelection, source: TraceSource, numbers: Option<String>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            model,
            prompts,
            source,
            numbers,
        }
    }

    /// Index of the prompt and index of the sample of trace `index`.
    pub(crate) fn place(&self, index: usize) -> (usize, usize) {
        let samples = self.source.samples();
        (self.prompts.skip + index / samples, index % samples)
    }

    fn parse(line: &str, path: &Path) -> Result<Self, TraceError> {
        let not_traces = || TraceError::NotTraces { path: path.to_owned() };
        let fields: Map<String, Value> = serde_json::from_str(line).map_err(|_| not_traces())?;
        if fields.get("format").and_then(Value::as_str) != Some(FORMAT) {
            return Err(not_traces());
        }
        let got = fields.get("version").and_then(Value::as_u64);
        if got != Some(VERSION) {
            return Err(TraceError::TraceVersion {
                path: path.to_owned(),
                got,
                expected: VERSION,
            });
        }
        serde_json::from_str(line).map_err(|error| LineProblem::json(&error).at(path, 1).into())
    }

    /// The first difference between the settings in two headers.
    pub(crate) fn difference(&self, other: &Self) -> Option<&'static str> {
        let differs = [
            (self.model != other.model, "model"),
            (self.prompts.sha256 != other.prompts.sha256, "file of prompts"),
            (self != other, "setting"),
        ];
        differs.into_iter().find_map(|(differs, what)| differs.then_some(what))
    }
}

/// Reads a file of traces, one after the other.
///
/// Every trace is checked on the way: an error names the line.
#[derive(Debug)]
pub struct TraceReader {
    lines: Lines,
    header: TraceHeader,
    vocab_size: usize,
}

impl TraceReader {
    /// Opens a file of traces whose tokens must be below `vocab_size`.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, holds something else, or has another version.
    pub fn open(path: &Path, vocab_size: usize) -> Result<Self, TraceError> {
        let mut lines = Lines::open(path)?;
        let first = lines.first_text()?.unwrap_or_default();
        let header = TraceHeader::parse(&first, path)?;
        Ok(Self {
            lines,
            header,
            vocab_size,
        })
    }

    /// Source of the continuations.
    pub fn header(&self) -> &TraceHeader {
        &self.header
    }

    /// Number of the line of the last trace read.
    pub fn line(&self) -> usize {
        self.lines.number()
    }

    /// Number of bytes of the header and of the traces read so far.
    pub(crate) fn complete_bytes(&self) -> u64 {
        self.lines.complete_bytes()
    }

    /// The next trace; `None` at the end or if the last line is incomplete.
    pub(crate) fn next_complete(&mut self) -> Result<Option<Trace>, TraceError> {
        match self.lines.next_bytes()? {
            Some((bytes, true)) => self.parse(&bytes).map(Some),
            Some((_, false)) | None => Ok(None),
        }
    }

    /// Builds an error about the line read last.
    pub(crate) fn error(&self, problem: LineProblem) -> TraceError {
        self.lines.error(problem).into()
    }

    fn parse(&self, bytes: &[u8]) -> Result<Trace, TraceError> {
        let trace: Trace =
            serde_json::from_slice(bytes).map_err(|error| self.lines.error(LineProblem::json(&error)))?;
        if trace.prompt_tokens.is_empty() {
            return Err(self.error(LineProblem::EmptyPrompt));
        }
        let mut tokens = trace.prompt_tokens.iter().chain(&trace.new_tokens);
        let vocab_size = self.vocab_size;
        match tokens.find(|id| **id as usize >= vocab_size) {
            Some(&id) => Err(self.error(LineProblem::TokenOutOfRange { id, vocab_size })),
            None => Ok(trace),
        }
    }
}

impl Iterator for TraceReader {
    type Item = Result<Trace, TraceError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.lines.next_bytes() {
                // Editors leave empty lines.
                Ok(Some((bytes, _))) if bytes.trim_ascii().is_empty() => {}
                Ok(Some((bytes, _))) => return Some(self.parse(&bytes)),
                Ok(None) => return None,
                Err(error) => return Some(Err(error.into())),
            }
        }
    }
}

/// Whether a file begins as files of traces do: any version counts, and a byte order mark or empty lines may precede. A
/// file that cannot be read does not, nor does a pipe: what a look at it reads would be missing later.
pub fn is_trace_file(path: &Path) -> bool {
    if !path.is_file() {
        return false;
    }
    let first = Lines::open(path).and_then(|mut lines| lines.first_text());
    let Ok(Some(first)) = first else {
        return false;
    };
    is_header(&first, path)
}

/// Whether one of the first lines of a text is the header of a file of traces.
pub(crate) fn has_header(text: &str, path: &Path) -> bool {
    const LOOKED_AT: usize = 10;
    let lines = text.lines().map(|line| line.trim_start_matches('\u{feff}'));
    lines.take(LOOKED_AT).any(|line| is_header(line, path))
}

fn is_header(line: &str, path: &Path) -> bool {
    !matches!(TraceHeader::parse(line, path), Err(TraceError::NotTraces { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> TraceHeader {
        let prompts = PromptSelection {
            sha256: "abc".into(),
            field: Some("question".into()),
            skip: 1,
            limit: None,
            style: PromptStyle::Chat { system: None },
        };
        let source = TraceSource::Given {
            field: "answer".into(),
            max_new_tokens: 8,
        };
        TraceHeader::new("model".into(), prompts, source, None)
    }

    fn write(lines: &[&str]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
        std::fs::write(file.path(), lines.join("\n")).expect("it can be written");
        file
    }

    fn line(prompt_tokens: &str) -> String {
        format!(
            r#"{{"prompt":0,"sample":0,"prompt_text":"a","prompt_tokens":{prompt_tokens},"new_tokens":[3],"text":"b","stop":"end"}}"#
        )
    }

    /// Formats the error and its causes.
    fn failure(lines: &[&str]) -> String {
        let file = write(lines);
        let traces = TraceReader::open(file.path(), 4).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let error = traces.expect_err("something is wrong");
        let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
        causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
    }

    #[test]
    fn what_is_written_is_read() {
        let header_line = serde_json::to_string(&header()).expect("a header is plain JSON");
        let file = write(&[&header_line, &line("[1,2]")]);
        let mut reader = TraceReader::open(file.path(), 4).expect("the file is right");
        assert_eq!(reader.header(), &header());
        let trace = reader.next().expect("there is one").expect("it is right");
        assert_eq!(trace.tokens(), [1, 2, 3]);
        assert!(reader.next().is_none());
        assert!(is_trace_file(file.path()));
    }

    #[test]
    fn traces_are_recognised_whatever_an_editor_left() {
        let header_line = serde_json::to_string(&header()).expect("a header is plain JSON");
        let later = header_line.replace("\"version\":1", "\"version\":2");
        for before in ["", "\u{feff}", "\n", "\r\n \r\n", "\u{feff}\n\n"] {
            let file = write(&[&format!("{before}{header_line}\r"), "", &line("[1,2]"), "\r", ""]);
            assert!(is_trace_file(file.path()), "{before:?}");
            let reader = TraceReader::open(file.path(), 4).expect("the file is right");
            assert_eq!(
                reader
                    .map(|trace| trace.expect("it is right").tokens())
                    .collect::<Vec<_>>(),
                [[1, 2, 3]]
            );
            assert!(is_trace_file(write(&[&format!("{before}{later}")]).path()));
            assert!(!is_trace_file(write(&[&format!("{before}twig"), &header_line]).path()));
        }
    }

    #[test]
    fn only_a_token_that_was_never_run_is_left_out() {
        let trace = |n_new: usize, stop| Trace {
            prompt: 0,
            sample: 0,
            prompt_text: String::new(),
            prompt_tokens: vec![1; 3],
            new_tokens: vec![2; n_new],
            text: String::new(),
            stop,
        };
        for (n_new, stop, expected) in [
            (6, TraceStop::ContextFull, 5),
            (5, TraceStop::ContextFull, 5),
            (7, TraceStop::ContextFull, 7),
            (6, TraceStop::MaxTokens, 6),
            (6, TraceStop::End, 6),
        ] {
            assert_eq!(trace(n_new, stop).within(8).new_tokens.len(), expected);
        }
    }

    #[test]
    fn wrong_lines_are_named() {
        let header = serde_json::to_string(&header()).expect("a header is plain JSON");
        let good = line("[1,2]");
        assert!(failure(&[&header, &good, "{\"prompt\":"]).contains("line 3: EOF"));
        assert!(failure(&[&header, &line("[1,4]")]).contains("line 2: token id 4 is outside the vocabulary of 4"));
        assert!(failure(&[&header, &line("[-1]")]).contains("line 2"));
        assert!(failure(&[&header, &line("[]")]).contains("line 2: the prompt has no tokens"));
        let later = header.replace("\"version\":1", "\"version\":2");
        assert!(failure(&[&later]).contains("version 2"), "{}", failure(&[&later]));
        assert!(failure(&["Once upon a time"]).contains("no file of traces"));
        assert!(failure(&[""]).contains("no file of traces"));
    }
}
