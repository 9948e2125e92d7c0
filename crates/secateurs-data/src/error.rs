//! Errors of this crate.

use std::io;
use std::path::{Path, PathBuf};

use crate::OutputError;
use crate::float_type::NotRepresentable;
use crate::llama::ConfigError;

/// An error of a model file or an output folder, with the facts needed to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// An operation that the operating system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// The attempted operation, as a verb: "open", "create", "rename".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file that contradicts its own format.
    #[error("{} is not a valid {format} file: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The format it should have: "safetensors", "GGUF", "JSON".
        format: &'static str,
        /// The fault found, with the numbers involved.
        problem: String,
    },
    /// A valid file that uses a feature which this crate does not read.
    #[error("{} uses {feature}, which is not supported", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// The feature: an encoding, an architecture, a tokenizer type.
        feature: String,
    },
    /// A folder or file without a model.
    #[error("no model found in {}: {looked_for}", path.display())]
    NoModel {
        /// Path where the model was expected.
        path: PathBuf,
        /// Description of a model that would have been accepted.
        looked_for: String,
    },
    /// A tensor name that is missing in the checkpoint or the plan.
    #[error("{} holds no tensor named {name:?}", path.display())]
    UnknownTensor {
        /// The checkpoint.
        path: PathBuf,
        /// The requested name.
        name: String,
    },
    /// A configuration of a model that cannot be used.
    #[error("{} cannot be used", path.display())]
    Config {
        /// The model.
        path: PathBuf,
        /// Fault of the configuration.
        source: ConfigError,
    },
    /// A tensor whose shape differs from the one that the configuration implies.
    #[error("tensor {name:?} of {} has shape {got:?}, but the configuration implies {expected:?}", path.display())]
    TensorShape {
        /// The model.
        path: PathBuf,
        /// Name of the tensor in the file.
        name: String,
        /// Shape implied by the configuration.
        expected: Vec<usize>,
        /// Shape in the file.
        got: Vec<usize>,
    },
    /// A tensor that the computation does not use, so that the result would be another model's.
    #[error("{} holds tensor {name:?}, which a model of this configuration does not have; remove it or correct config.json", path.display())]
    UnusedTensor {
        /// The model.
        path: PathBuf,
        /// Name of the tensor in the file.
        name: String,
    },
    /// A weight that is NaN or infinite.
    #[error("tensor {name:?} of {} holds {value} at flat index {index}: only finite weights can be used", path.display())]
    NotFinite {
        /// The model.
        path: PathBuf,
        /// Name of the tensor in the file.
        name: String,
        /// Flat index of the first such weight.
        index: usize,
        /// The value found.
        value: f32,
    },
    /// A requested index that a tensor's first dimension does not have.
    #[error("tensor {name:?} has {rows} rows, but row {row} was requested")]
    RowOutOfRange {
        /// The tensor.
        name: String,
        /// The requested index.
        row: u32,
        /// The size of the first dimension.
        rows: usize,
    },
    /// A slice whose number of values differs from its tensor's.
    #[error("tensor {name:?} has {expected} values, but {got} were given")]
    LengthMismatch {
        /// The tensor.
        name: String,
        /// Values in the planned shape.
        expected: usize,
        /// Values in the slice.
        got: usize,
    },
    /// A finite value that would become infinite in the chosen storage type.
    #[error(transparent)]
    NotRepresentable(#[from] NotRepresentable),
    /// A plan that no file can hold.
    #[error("cannot plan tensor {name:?} of shape {shape:?}: {problem}")]
    InvalidPlan {
        /// The offending tensor.
        name: String,
        /// Shape of the tensor.
        shape: Vec<usize>,
        /// Reason why it cannot be stored.
        problem: &'static str,
    },
    /// An output that cannot be made, or an unfinished run that cannot be resumed.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// An output, or a staging folder of another run, that already exists.
    #[error("{} already exists; choose another output", path.display())]
    OutputExists {
        /// The path in the way.
        path: PathBuf,
    },
    /// A staging folder that another process writes to.
    #[error("{} is being written by another process; wait for it to end", path.display())]
    StagingInUse {
        /// The staging folder.
        path: PathBuf,
    },
    /// An output that another job writes.
    #[error("{} is being written by {}; wait for it to end or choose another output", path.display(), job_of(*pid))]
    OutputInUse {
        /// The output.
        path: PathBuf,
        /// Id of the process that writes it, where it is known.
        pid: Option<u32>,
    },
    /// An output that exceeds the free space of the disk.
    #[error("{} needs {needed} bytes, but the disk has {available} left", path.display())]
    NotEnoughSpace {
        /// The staging folder.
        path: PathBuf,
        /// Bytes of all planned files.
        needed: u64,
        /// Bytes free on that disk.
        available: u64,
    },
    /// An output that was finished before all tensors in its plan were written.
    #[error("{} lacks {}: {}", path.display(), count_of(missing.len()), preview(missing))]
    Incomplete {
        /// The staging folder.
        path: PathBuf,
        /// Names of the tensors that were not written.
        missing: Vec<String>,
    },
    /// A tokenizer definition that cannot be built or applied.
    #[error("the tokenizer of {} cannot be used: {problem}", path.display())]
    Tokenizer {
        /// The file that defines it.
        path: PathBuf,
        /// The reason.
        problem: String,
    },
    /// Chat templates that cannot be used.
    #[error("the chat template of {} cannot be used: {problem}; plain prompts (--raw) need none", path.display())]
    ChatTemplate {
        /// The file that holds the template.
        path: PathBuf,
        /// The reason.
        problem: String,
    },
}

/// Shorthand for results of this crate.
pub type Result<T, E = DataError> = std::result::Result<T, E>;

fn count_of(n: usize) -> String {
    if n == 1 {
        "1 planned part".to_owned()
    } else {
        format!("{n} planned parts")
    }
}

fn job_of(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another job".to_owned(), |pid| format!("process {pid}"))
}

fn preview(names: &[String]) -> String {
    let shown = names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > 3 { format!("{shown}, ..") } else { shown }
}

/// Attaches a verb and a path to a system error.
pub(crate) trait IoContext<T> {
    fn during(self, action: &'static str, path: &Path) -> Result<T>;
}

impl<T> IoContext<T> for io::Result<T> {
    fn during(self, action: &'static str, path: &Path) -> Result<T> {
        self.map_err(|source| DataError::Io {
            action,
            path: path.to_owned(),
            source,
        })
    }
}

/// A [`DataError::Malformed`] for the file at `path`.
pub(crate) fn malformed(path: &Path, format: &'static str, problem: impl Into<String>) -> DataError {
    DataError::Malformed {
        path: path.to_owned(),
        format,
        problem: problem.into(),
    }
}

/// A [`DataError::Unsupported`] for the file at `path`.
pub(crate) fn unsupported(path: &Path, feature: impl Into<String>) -> DataError {
    DataError::Unsupported {
        path: path.to_owned(),
        feature: feature.into(),
    }
}
