//! Errors of outputs and of unfinished runs.

use std::path::PathBuf;

/// What keeps a run from making its output, or from going on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// The output exists.
    #[error("{} exists already; give --force to replace it", path.display())]
    Exists {
        /// Path of the output.
        path: PathBuf,
    },
    /// The output exists and is not of the form that may be replaced.
    #[error("{} exists and is no {expected}; not even --force replaces anything else", path.display())]
    NotReplaceable {
        /// Path of the output.
        path: PathBuf,
        /// The form of the output.
        expected: &'static str,
    },
    /// The output would overwrite an input.
    #[error("{} is or holds the model or another input of this run; choose another output", path.display())]
    IsInput {
        /// Path of the output.
        path: PathBuf,
    },
    /// The output lies in an input.
    #[error("{} lies in {}, which this run reads; choose another output", path.display(), input.display())]
    InInput {
        /// Path of the output.
        path: PathBuf,
        /// The input.
        input: PathBuf,
    },
    /// The path of the output ends in no name.
    #[error("{:?} does not name an output: its last part must be a new name", path.display().to_string())]
    NoName {
        /// Path of the output.
        path: PathBuf,
    },
    /// The folder that the output would be in is not there.
    #[error("{} cannot be made: there is no folder {}", path.display(), folder.display())]
    NoFolder {
        /// Path of the output.
        path: PathBuf,
        /// Where it would be.
        folder: PathBuf,
    },
    /// A link to nothing is in the place of the output.
    #[error("{} is a link to something that does not exist; remove it or choose another output", path.display())]
    IsLink {
        /// Path of the output.
        path: PathBuf,
    },
    /// A file system begins at the output, so that nothing can be renamed to it.
    #[error("{} is a mount point and cannot be replaced; choose an output inside it", path.display())]
    IsMountPoint {
        /// Path of the output.
        path: PathBuf,
    },
    /// Something that is no unfinished work lies where the output would grow.
    #[error("{} is needed for unfinished work and holds something else; move it away or choose another output", path.display())]
    NoUnfinishedRun {
        /// Where the output would grow.
        path: PathBuf,
    },
    /// An earlier run left its unfinished work.
    #[error("{} holds the unfinished work of an earlier run: the command that began it goes on with --resume, and --force throws the work away", path.display())]
    UnfinishedRun {
        /// Path of the unfinished work.
        path: PathBuf,
    },
    /// There is nothing to resume.
    #[error("{} holds no work of such a run: there is no run to resume", path.display())]
    NothingToResume {
        /// Where the unfinished work would be.
        path: PathBuf,
    },
    /// The unfinished run was asked for something else.
    #[error("the unfinished run in {} had another {what}; give --force to start again", path.display())]
    ResumeMismatch {
        /// Path of the unfinished work.
        path: PathBuf,
        /// What differs.
        what: &'static str,
    },
    /// The journal of an unfinished run cannot be understood.
    #[error("the journal of the unfinished run in {} cannot be read; give --force to start again", path.display())]
    Journal {
        /// Path of the unfinished work.
        path: PathBuf,
        /// Why not.
        source: serde_json::Error,
    },
}
