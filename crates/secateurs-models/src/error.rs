//! The errors of this crate.

use secateurs_data::DataError;
use secateurs_data::llama::ConfigError;
use secateurs_tensor::TensorError;

/// A failure while a model is configured, loaded or saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The configuration of a model that this crate does not build.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A tensor of the file whose shape differs from the one that the configuration implies.
    #[error("tensor {name} has shape {got:?}, the configuration implies {expected:?}")]
    Shape {
        /// Name of the tensor.
        name: String,
        /// Shape implied by the configuration.
        expected: Vec<usize>,
        /// Shape in the file.
        got: Vec<usize>,
    },
    /// A weight of the file is NaN or infinite.
    #[error("tensor {name} holds {value} at flat index {index}: only finite weights can be used")]
    NotFinite {
        /// Name of the tensor.
        name: String,
        /// Flat index of the first such weight.
        index: usize,
        /// The value found.
        value: f32,
    },
    /// A token id that is not in the vocabulary.
    #[error("token id {id} at position {position} is outside the vocabulary of {vocab_size}")]
    TokenOutOfRange {
        /// The id.
        id: u32,
        /// Position of the id in the input.
        position: usize,
        /// Size of the vocabulary.
        vocab_size: usize,
    },
    /// An index of a block that the model does not have.
    #[error("the model has no block {index}, only {n_blocks} from 0 on")]
    BlockOutOfRange {
        /// Index asked for.
        index: usize,
        /// Number of blocks.
        n_blocks: usize,
    },
    /// Constants in the place of experts, which no file format can hold.
    #[error("block {index} has constants in the place of experts; no model file can hold these")]
    ConstantExperts {
        /// Index of the block.
        index: usize,
    },
    /// A parameter of a module that the plan of the model's tensors lacks.
    #[error("parameter {path} of the module is not among the tensors of the model")]
    Unplanned {
        /// Path of the parameter.
        path: String,
    },
    /// A model without an embedding, which cannot read tokens.
    #[error("the model has no token embedding, so it cannot read text")]
    NoEmbedding,
    /// A model file that could not be read or written.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A matrix that could not be built.
    #[error(transparent)]
    Tensor(#[from] TensorError),
}
