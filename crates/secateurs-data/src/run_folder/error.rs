//! Errors of outputs and of unfinished runs.

use std::path::PathBuf;

/// A reason why a run cannot make its output or resume.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// An output that exists.
    #[error("{} exists already; give --force to replace it", path.display())]
    Exists {
        /// Path of the output.
        path: PathBuf,
    },
    /// An output that exists and is not of the form that may be replaced.
    #[error("{} exists and is no {expected}, so --force does not replace it; choose another output", path.display())]
    NotReplaceable {
        /// Path of the output.
        path: PathBuf,
        /// The required form.
        expected: &'static str,
    },
    /// An output that would overwrite an input.
    #[error("{} is or holds the model or another input of this run; choose another output", path.display())]
    IsInput {
        /// Path of the output.
        path: PathBuf,
    },
    /// An output inside an input.
    #[error("{} lies in {}, which this run reads; choose another output", path.display(), input.display())]
    InInput {
        /// Path of the output.
        path: PathBuf,
        /// The input.
        input: PathBuf,
    },
    /// A path of an output whose last part is no name.
    #[error("{:?} does not name an output: its last part must be a new name", path.display().to_string())]
    NoName {
        /// Path of the output.
        path: PathBuf,
    },
    /// An output whose folder does not exist.
    #[error("{} cannot be made: there is no folder {}", path.display(), folder.display())]
    NoFolder {
        /// Path of the output.
        path: PathBuf,
        /// The missing folder.
        folder: PathBuf,
    },
    /// A broken link in the place of the output.
    #[error("{} is a link to something that does not exist; remove it or choose another output", path.display())]
    IsLink {
        /// Path of the output.
        path: PathBuf,
    },
    /// A mount point in the place of the output, so that nothing can be renamed to it.
    #[error("{} is a mount point and cannot be replaced; choose an output inside it", path.display())]
    IsMountPoint {
        /// Path of the output.
        path: PathBuf,
    },
    /// A thing other than unfinished work in the staging place.
    #[error("{} is needed for unfinished work and holds something else; move it away or choose another output", path.display())]
    NoUnfinishedRun {
        /// The staging place.
        path: PathBuf,
    },
    /// Unfinished work of an earlier run.
    #[error("{} holds the unfinished work of an earlier run: the command that began it goes on with --resume, and --force throws the work away", path.display())]
    UnfinishedRun {
        /// Path of the unfinished work.
        path: PathBuf,
    },
    /// A request to resume where there is no unfinished work.
    #[error("{} holds no unfinished run of this kind, so there is no run to resume", path.display())]
    NothingToResume {
        /// Path where the unfinished work would be.
        path: PathBuf,
    },
    /// An unfinished run with another request.
    #[error("the unfinished run in {} had another {what}; give --force to start again", path.display())]
    ResumeMismatch {
        /// Path of the unfinished work.
        path: PathBuf,
        /// The part of the request that differs.
        what: &'static str,
    },
    /// A journal of an unfinished run that cannot be read.
    #[error("the journal of the unfinished run in {} cannot be read; give --force to start again", path.display())]
    Journal {
        /// Path of the unfinished work.
        path: PathBuf,
        /// Cause.
        source: serde_json::Error,
    },
}
