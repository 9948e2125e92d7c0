//! The errors of this crate.

use secateurs_data::DataError;
use secateurs_data::llama::ConfigError;
use secateurs_sparse::SparseError;

/// A failure while a model is loaded or generates.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// The configuration is not that of a Llama.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A model file cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A packed matrix contradicts itself.
    #[error("the weights of {name}: {source}")]
    Packed {
        /// Name of the matrix.
        name: String,
        /// The contradiction.
        source: SparseError,
    },
    /// A tensor of the file does not have the shape that the configuration implies.
    #[error("{name} has shape {got:?}, the configuration implies {expected:?}")]
    Shape {
        /// Name of the tensor.
        name: String,
        /// Shape implied by the configuration.
        expected: Vec<usize>,
        /// Shape in the file.
        got: Vec<usize>,
    },
    /// A token id is not in the vocabulary.
    #[error("token id {id} is outside the vocabulary of {vocab_size}")]
    TokenOutOfRange {
        /// The id.
        id: u32,
        /// Size of the vocabulary.
        vocab_size: usize,
    },
    /// There is nothing to go on from.
    #[error("the prompt has no tokens")]
    EmptyPrompt,
    /// A sequence has no room left.
    #[error("{n_tokens} tokens are more than the {max_positions} positions of the model")]
    ContextFull {
        /// Tokens that the sequence would have.
        n_tokens: usize,
        /// Positions of the model.
        max_positions: usize,
    },
    /// A sampling setting is out of its range.
    #[error("{setting} is {value}, expected {expected}")]
    Sampling {
        /// Name of the setting.
        setting: &'static str,
        /// Its value.
        value: f64,
        /// The accepted range.
        expected: &'static str,
    },
    /// Logits are not numbers: the model is broken.
    #[error("the logit of token {token} is {value}: the model's weights or activations overflow")]
    LogitNotFinite {
        /// The token.
        token: usize,
        /// Its logit.
        value: f32,
    },
    /// The model has no chat template.
    #[error("the model has no chat template; give the prompt as plain text")]
    NoChatTemplate,
    /// The chat template fails.
    #[error("the chat template of the model fails")]
    ChatTemplate(#[source] minijinja::Error),
    /// The pool of threads cannot be started.
    #[error("cannot start {n_threads} threads")]
    Threads {
        /// Threads asked for.
        n_threads: usize,
        /// Why not.
        #[source]
        source: rayon::ThreadPoolBuildError,
    },
}
