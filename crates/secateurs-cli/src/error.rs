//! What can go wrong on the command line, and how it is said in one line.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use secateurs::data::DataError;
use secateurs::data::llama::ConfigError;
use secateurs::models::ModelError;
use secateurs::sparse::UnknownLevel;

use crate::options::device::DeviceName;

/// What can go wrong in a command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// Something that the job needs is neither among the flags nor in the recipe.
    #[error("{flag} is needed, on the command line or in a recipe")]
    Missing {
        /// The flags that would give it.
        flag: &'static str,
    },
    /// A setting of texts beside traces.
    #[error("{flag} is a setting of texts, and {} holds traces", path.display())]
    NotForTraces {
        /// The flag.
        flag: &'static str,
        /// The traces.
        path: PathBuf,
    },
    /// A recipe file is no TOML.
    #[error("{} is not usable", path.display())]
    RecipeFile {
        /// The recipe.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A recipe has another thing where a table belongs.
    #[error("{field} in the recipe is not a table")]
    NotATable {
        /// The field.
        field: &'static str,
    },
    /// The device is not in this build.
    #[error("this build has no {wanted} device, only {compiled}; build with --features {wanted}")]
    NoDevice {
        /// The device asked for.
        wanted: DeviceName,
        /// Those there are.
        compiled: String,
    },
    /// A job that failed after some blocks were finished.
    #[error("{}; {n_stored} of {n_blocks} blocks are finished: repeat the command with --resume to go on", one_line(failure.as_ref()))]
    Interrupted {
        /// Why it failed; part of the message, and therefore not its cause.
        failure: Box<secateurs::Error>,
        /// Blocks finished.
        n_stored: usize,
        /// Blocks of the model.
        n_blocks: usize,
    },
    /// A run that failed after some traces were finished.
    #[error("{}; {done} of {total} traces are finished: repeat the command with --resume to go on", one_line(failure.as_ref()))]
    TracesInterrupted {
        /// Why it failed; part of the message, and therefore not its cause.
        failure: Box<secateurs::Error>,
        /// Traces finished.
        done: usize,
        /// All traces.
        total: usize,
    },
    /// The variable that forces an instruction set has another value.
    #[error("{variable} is not usable")]
    Level {
        /// The variable.
        variable: &'static str,
        /// Why not.
        source: UnknownLevel,
    },
    /// Standard input cannot be read, or is no UTF-8.
    #[error("cannot read standard input")]
    Input(#[source] io::Error),
    /// Standard output is closed or full.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
    /// A result could not be written as JSON.
    #[error("the result cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    /// The job failed.
    #[error(transparent)]
    Job(#[from] secateurs::Error),
    /// Reading a model or a text failed.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The model cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The configuration is not that of a Llama.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl CliError {
    /// 2 for a command line that makes no sense, otherwise 1.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Missing { .. }
            | Self::NoDevice { .. }
            | Self::Level { .. }
            | Self::Job(secateurs::Error::PatternChoice) => 2,
            _ => 1,
        }
    }

    /// Whether the reader of our output went away, which is its right.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The error and its causes on one line.
    pub(crate) fn line(&self) -> String {
        one_line(self)
    }
}

/// An error and its causes, joined by colons, on one line.
fn one_line(error: &dyn Error) -> String {
    let mut line = flat(&error.to_string());
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = flat(&error.to_string());
        // Some errors repeat their cause in their own message.
        if !line.ends_with(&part) {
            line = format!("{line}: {part}");
        }
        cause = error.source();
    }
    line
}

/// A message on one line, without the source excerpts that TOML errors draw between first and last line.
fn flat(message: &str) -> String {
    let is_drawing = |line: &&str| line.split_once('|').is_some_and(|(gutter, _)| is_gutter(gutter));
    let lines = message
        .lines()
        .filter(|line| !is_drawing(line))
        .map(str::trim)
        .filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(": ")
}

fn is_gutter(text: &str) -> bool {
    text.chars().all(|c| c == ' ' || c.is_ascii_digit())
}

/// What clap has to say about a command line, on one line.
pub(crate) fn usage_line(refused: &clap::Error) -> String {
    let text = refused.to_string();
    let facts = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let facts = facts.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
    let mut line = String::new();
    for fact in facts {
        let separator = if line.is_empty() {
            ""
        } else if fact.starts_with("tip:") {
            "; "
        } else {
            " "
        };
        line.push_str(separator);
        line.push_str(fact);
    }
    line.trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toml_error_keeps_its_place_and_reason_only() {
        let error = toml::from_str::<toml::Table>("a = 1\nb = = 2\n").expect_err("two equal signs");
        let line = flat(&error.to_string());
        assert!(line.starts_with("TOML parse error at line 2, column 5: "), "{line}");
        assert!(!line.contains('|'), "{line}");
    }

    #[test]
    fn causes_are_joined_by_colons() {
        let source = io::Error::other("disk on fire");
        assert_eq!(
            CliError::Output(source).line(),
            "cannot write to standard output: disk on fire"
        );
    }
}
