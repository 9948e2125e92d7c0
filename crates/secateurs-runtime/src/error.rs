//! Errors of this crate.

use secateurs_data::DataError;
use secateurs_data::llama::ConfigError;
use secateurs_sparse::SparseError;

/// An error of loading a model or of generation, with the facts needed to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// The configuration of a model that is no Llama.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A model file that cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A packed matrix with contradictory parts.
    #[error("the weights of {name}: {source}")]
    Packed {
        /// Name of the matrix.
        name: String,
        /// The contradiction.
        source: SparseError,
    },
    /// A tensor of the file whose shape differs from the one that the configuration implies.
    #[error("{name} has shape {got:?}, the configuration implies {expected:?}")]
    Shape {
        /// Name of the tensor.
        name: String,
        /// Shape implied by the configuration.
        expected: Vec<usize>,
        /// Shape in the file.
        got: Vec<usize>,
    },
    /// A token id that is not in the vocabulary.
    #[error("token id {id} is outside the vocabulary of {vocab_size}")]
    TokenOutOfRange {
        /// The id.
        id: u32,
        /// Size of the vocabulary.
        vocab_size: usize,
    },
    /// A prompt without tokens.
    #[error("the prompt has no tokens")]
    EmptyPrompt,
    /// A sequence without room for more tokens.
    #[error("{n_tokens} tokens are more than the {max_positions} positions of the model")]
    ContextFull {
        /// Tokens that the sequence would have.
        n_tokens: usize,
        /// Positions of the model.
        max_positions: usize,
    },
    /// A sampling setting outside its range.
    #[error("{setting} is {value}, expected {expected}")]
    Sampling {
        /// Name of the setting.
        setting: &'static str,
        /// Value of the setting.
        value: f64,
        /// The accepted range.
        expected: &'static str,
    },
    /// A logit that is NaN or infinite: the model is broken.
    #[error("the logit of token {token} is {value}: the model's weights or activations overflow")]
    LogitNotFinite {
        /// The token.
        token: usize,
        /// Logit of the token.
        value: f32,
    },
    /// A model without a chat template.
    #[error("the model has no chat template; give the prompt as plain text")]
    NoChatTemplate,
    /// A chat template that fails.
    #[error("the chat template of the model fails")]
    ChatTemplate(#[source] minijinja::Error),
    /// A pool of threads that cannot be started.
    #[error("cannot start {n_threads} threads")]
    Threads {
        /// Threads asked for.
        n_threads: usize,
        /// Cause.
        #[source]
        source: rayon::ThreadPoolBuildError,
    },
}
