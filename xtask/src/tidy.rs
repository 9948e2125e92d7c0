//! `cargo xtask tidy`: what compilers do not check.

mod dependencies;
mod layout;
mod safety;
mod source;
mod words;

use std::fmt;
use std::path::Path;
use std::process::Command;

use crate::error::TaskError;
use crate::process;
use crate::workspace;

/// The files under version control, or about to be.
#[derive(Debug, Default)]
pub struct Tree {
    pub files: Vec<File>,
}

/// One file; binary files have no text.
#[derive(Debug)]
pub struct File {
    /// From the workspace's root, with `/` between names.
    pub path: String,
    pub bytes: u64,
    pub text: Option<String>,
}

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
    let tree = read(workspace::root())?;
    let mut findings = [layout::check(&tree), words::check(&tree), safety::check(&tree)].concat();
    findings.extend(dependencies::check(&process::metadata()?));
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

fn read(root: &Path) -> Result<Tree, TaskError> {
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let list = process::capture(Command::new("git").current_dir(root).args(arguments))?;
    let mut paths: Vec<&str> = list.split('\0').filter(|path| !path.is_empty()).collect();
    paths.sort_unstable();
    paths.dedup();
    // A file that is deleted but not yet committed is still in the list.
    let present = paths.into_iter().filter(|path| root.join(path).is_file());
    Ok(Tree {
        files: present.map(|path| read_file(root, path)).collect::<Result<_, _>>()?,
    })
}

fn read_file(root: &Path, path: &str) -> Result<File, TaskError> {
    let full = root.join(path);
    let bytes = std::fs::read(&full).map_err(|source| TaskError::Io {
        action: "read",
        path: full,
        source,
    })?;
    let size = bytes.len() as u64;
    let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
    Ok(File {
        path: path.to_owned(),
        bytes: size,
        text,
    })
}

impl File {
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The crate's folder name, for a file in the sources of a library.
    pub fn library(&self) -> Option<&str> {
        let (name, rest) = self.path.strip_prefix("crates/")?.split_once('/')?;
        let is_leaf = ["secateurs-cli", "secateurs-experiments", "secateurs-testkit"].contains(&name);
        (rest.starts_with("src/") && self.is_rust() && !is_leaf).then_some(name)
    }
}

#[cfg(test)]
impl Tree {
    /// A tree of texts.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File {
            path: (*path).to_owned(),
            bytes: text.len() as u64,
            text: Some((*text).to_owned()),
        };
        Self {
            files: files.iter().map(file).collect(),
        }
    }
}
