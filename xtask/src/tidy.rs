//! The command `cargo xtask tidy`: checks rules that compilers do not check.

mod arguments;
mod circles;
mod dependencies;
mod layout;
mod rooms;
mod safety;
mod sentences;
pub mod source;
mod words;

use std::fmt;

use crate::error::TaskError;
use crate::process;
use crate::tree::Tree;
use crate::workspace;

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub path: String,
    pub line: Option<usize>,
    pub message: String,
    pub severity: Severity,
}

/// Whether a finding fails the check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    Warning,
    Error,
}

impl Finding {
    fn in_file(path: &str, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line: None,
            message: message.into(),
            severity: Severity::Error,
        }
    }

    fn at(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            ..Self::in_file(path, message)
        }
    }

    fn into_warning(self) -> Self {
        Self {
            severity: Severity::Warning,
            ..self
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = if self.severity == Severity::Error {
            "error"
        } else {
            "warning"
        };
        write!(formatter, "{severity}: {}", self.path)?;
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
        }
        write!(formatter, ": {}", self.message)
    }
}

/// Prints all findings; errors fail.
pub fn run() -> Result<(), TaskError> {
    let tree = Tree::read(workspace::root())?;
    let checks = [
        layout::check,
        rooms::check,
        words::check,
        safety::check,
        arguments::check,
        circles::check,
        sentences::check,
    ];
    let mut findings: Vec<Finding> = checks.iter().flat_map(|check| check(&tree)).collect();
    let page = tree.text(dependencies::PAGE);
    findings.extend(dependencies::Map::read(page).check(&process::metadata()?));
    findings.iter().for_each(|finding| println!("{finding}"));
    match findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .count()
    {
        0 => {
            println!("tidy: {} files, {} warnings", tree.files.len(), findings.len());
            Ok(())
        }
        count => Err(TaskError::Findings {
            count,
            what: "broken rules",
        }),
    }
}
