//! The errors of this crate.

use std::path::PathBuf;

use crate::outcome::OutcomeError;

/// An error of an experiment.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// A file could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// A file or folder could not be created.
    #[error("cannot create {}", path.display())]
    Create {
        /// The file or folder.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// A folder could not be removed.
    #[error("cannot remove {}", path.display())]
    Remove {
        /// The folder.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// A folder for temporary files that cannot be made.
    #[error("cannot make a temporary folder in {}", path.display())]
    Temporary {
        /// Folder of temporary files.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// The data package lacks a novel.
    #[error("the package holds no novel called {name}")]
    MissingNovel {
        /// The novel's name.
        name: String,
    },
    /// A tokenizer could not be trained.
    #[error("the tokenizer cannot be trained")]
    Tokenizer(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A value could not be written as JSON.
    #[error("cannot write JSON")]
    Json(#[source] serde_json::Error),
    /// A name that no claim has.
    #[error("there is no claim \"{name}\"; {}the claims are: {known}", nearest.map(|name| format!("did you mean {name}? ")).unwrap_or_default())]
    UnknownClaim {
        /// The name given.
        name: String,
        /// The name that may have been meant.
        nearest: Option<&'static str>,
        /// The names that exist.
        known: String,
    },
    /// `--only` names no cell of a claim.
    #[error("no cell of {claim} is called like \"{only}\"; some of its {n_cells} cells are {some}")]
    NoCell {
        /// The claim.
        claim: &'static str,
        /// The parts of names that were given.
        only: String,
        /// Number of cells that the claim has in this tier.
        n_cells: usize,
        /// Some of their names.
        some: String,
    },
    /// A cell that an earlier run kept cannot be read.
    #[error("cannot read the kept cell {}; run the claim without --resume", path.display())]
    KeptCell {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: serde_json::Error,
    },
    /// The backend was not compiled in.
    #[error("this program was built without the {device} backend")]
    NoBackend {
        /// The backend's name.
        device: &'static str,
    },
    /// A text is too short to train on.
    #[error("a text of {tokens} tokens is too short for windows of {window}")]
    TextTooShort {
        /// Tokens of the text.
        tokens: usize,
        /// Tokens of a window.
        window: usize,
    },
    /// A run failed.
    #[error(transparent)]
    Job(Box<secateurs::Error>),
    /// A fixture could not be trained.
    #[error(transparent)]
    Train(#[from] secateurs::train::TrainError),
    /// A model could not be loaded or saved.
    #[error(transparent)]
    Model(#[from] secateurs::models::ModelError),
    /// A file could not be read or written.
    #[error(transparent)]
    Data(#[from] secateurs_data::DataError),
    /// An outcome could not be kept.
    #[error(transparent)]
    Outcome(#[from] OutcomeError),
    /// A Kolmogorov-Arnold network could not be trained, scored or pruned.
    #[error(transparent)]
    Kan(#[from] secateurs::kan::KanError),
    /// An effect could not be estimated.
    #[error(transparent)]
    Causal(#[from] secateurs_causal::CausalError),
    /// Experts could not be routed or pruned.
    #[error(transparent)]
    Moe(#[from] secateurs::moe::MoeError),
    /// The student could not be trained, pruned or fine-tuned.
    #[error(transparent)]
    Theory(#[from] secateurs::moe_theory::TheoryError),
    /// Weights could not be scored.
    #[error(transparent)]
    Importance(#[from] secateurs::importance::ImportanceError),
    /// A data set that is missing, changed or malformed.
    #[error(transparent)]
    Dataset(#[from] secateurs_datasets::DatasetError),
    /// A sparsity or pattern is not valid.
    #[error(transparent)]
    Tensor(#[from] secateurs::tensor::TensorError),
}

impl ExperimentError {
    /// Wraps the error of a temporary folder that could not be made.
    pub(crate) fn temporary(source: std::io::Error) -> Self {
        let path = std::env::temp_dir();
        Self::Temporary { path, source }
    }

    /// Wraps an error of the tokenizers crate.
    pub(crate) fn tokenizer(source: Box<dyn std::error::Error + Send + Sync>) -> Self {
        Self::Tokenizer(source)
    }
}

secateurs::from_jobs!(ExperimentError);
