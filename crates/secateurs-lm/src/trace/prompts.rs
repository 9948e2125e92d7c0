//! Files of prompts.

use std::path::{Path, PathBuf};

use secateurs_data::read_text;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::text::error::LineProblem;
use crate::text::plain_text::is_json_lines;
use crate::trace::error::TraceError;
use crate::trace::format::is_trace_file;

/// Names of the fields that may hold the prompt by default, in order of preference.
const USUAL_FIELDS: [&str; 4] = ["question", "problem", "prompt", "context"];

/// Extensions of files with a JSON object on every line.
const JSON_LINES: [&str; 2] = ["jsonl", "ndjson"];

/// A file of prompts: JSON lines, or a plain text with a prompt on every line.
#[derive(Debug, Clone)]
pub struct PromptFile {
    path: PathBuf,
    sha256: String,
    field: Option<String>,
    records: Vec<PromptRecord>,
}

/// One prompt with the other fields of its line.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptRecord {
    /// Line in the file, from 1.
    pub line: usize,
    /// The prompt.
    pub text: String,
    fields: Map<String, Value>,
}

impl PromptRecord {
    /// A line that holds a prompt.
    fn plain(text: &str, line: usize) -> Self {
        Self {
            line,
            text: text.to_owned(),
            fields: Map::new(),
        }
    }
}

impl PromptFile {
    /// Reads a file; skips lines without text, and takes every other as a prompt. A file whose name ends in `.jsonl` or
    /// `.ndjson` has an object on every line, and the prompt is its `field`; if none is named, the first of `question`,
    /// `problem`, `prompt` and `context` that the first line has.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, it holds traces, or JSON lines under another name, a line is no object or lacks the field (the error names it), or there is no prompt.
    pub fn read(path: &Path, field: Option<&str>) -> Result<Self, TraceError> {
        let text = read_text(path)?;
        let sha256 = Sha256::digest(text.as_bytes());
        let mut file = Self {
            path: path.to_owned(),
            sha256: sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
            field: field.map(str::to_owned),
            records: Vec::new(),
        };
        let is_json = path
            .extension()
            .is_some_and(|extension| JSON_LINES.iter().any(|known| extension.eq_ignore_ascii_case(known)));
        if is_trace_file(path) {
            return Err(file.refuse("traces"));
        }
        if !is_json && is_json_lines(&text) {
            return Err(file.refuse("a JSON object on every line; the name of such a file ends in .jsonl"));
        }
        for (text, line) in text.lines().zip(1..) {
            if text.trim().is_empty() {
                continue;
            }
            let record = match is_json {
                true => file.parse(text, line)?,
                false => PromptRecord::plain(text, line),
            };
            file.records.push(record);
        }
        if file.records.is_empty() {
            return Err(TraceError::NoPrompts {
                path: path.to_owned(),
                n_prompts: 0,
                skip: 0,
            });
        }
        Ok(file)
    }

    fn refuse(&self, what: &'static str) -> TraceError {
        TraceError::NotPrompts {
            path: self.path.clone(),
            what,
        }
    }

    fn parse(&mut self, text: &str, line: usize) -> Result<PromptRecord, TraceError> {
        let fields: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| LineProblem::json(&error).at(&self.path, line))?;
        let usual = || USUAL_FIELDS.into_iter().find(|name| fields.contains_key(*name));
        let Some(field) = self.field.clone().or_else(|| usual().map(str::to_owned)) else {
            let field = USUAL_FIELDS.map(str::to_owned).to_vec();
            return Err(LineProblem::NoField { field }.at(&self.path, line).into());
        };
        let text = text_of(&fields, &field).map_err(|problem| problem.at(&self.path, line))?;
        self.field = Some(field);
        Ok(PromptRecord { line, text, fields })
    }

    /// Path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Sha256 of the file's text, with line ends unified.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The field that holds the prompt, in JSON lines.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// The prompts in order.
    pub fn records(&self) -> &[PromptRecord] {
        &self.records
    }

    /// The text of another field of prompt `index`; numbers as they are written.
    ///
    /// # Errors
    ///
    /// If the line has no such field, or it is neither a text nor a number.
    ///
    /// # Panics
    ///
    /// If there is no such prompt.
    pub fn other_field(&self, index: usize, field: &str) -> Result<String, TraceError> {
        let record = &self.records[index];
        text_of(&record.fields, field).map_err(|problem| problem.at(&self.path, record.line).into())
    }
}

fn text_of(fields: &Map<String, Value>, field: &str) -> Result<String, LineProblem> {
    let field = field.to_owned();
    match fields.get(&field) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(_) => Err(LineProblem::NotText { field }),
        None => Err(LineProblem::NoField { field: vec![field] }),
    }
}
