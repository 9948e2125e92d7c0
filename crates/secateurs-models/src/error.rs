//! The errors of this crate.

use secateurs_data::DataError;
use secateurs_tensor::TensorError;

/// What can go wrong while a model is configured, loaded or saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// `config.json` lacks a field or holds one of the wrong type.
    #[error("config.json is not a usable Llama configuration")]
    ConfigSyntax(#[source] serde_json::Error),
    /// A field of `config.json` has a value that this model cannot have.
    #[error("config.json: {field} is {value}, {expected}")]
    ConfigValue {
        /// Name of the field.
        field: &'static str,
        /// The value found.
        value: String,
        /// What would have been accepted.
        expected: &'static str,
    },
    /// The model is of a family that is not implemented.
    #[error("model_type is \"{found}\"; the models read here are: llama")]
    UnknownFamily {
        /// The `model_type` found.
        found: String,
    },
    /// A tensor of the file does not have the shape that the configuration implies.
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
    /// A token id is not in the vocabulary.
    #[error("token id {id} at position {position} is outside the vocabulary of {vocab_size}")]
    TokenOutOfRange {
        /// The id.
        id: u32,
        /// Its position in the input.
        position: usize,
        /// Size of the vocabulary.
        vocab_size: usize,
    },
    /// Blocks were asked for in a way the store cannot serve.
    #[error("block {index} was asked for, the model has {n_blocks}")]
    BlockOutOfRange {
        /// Index asked for.
        index: usize,
        /// Number of blocks.
        n_blocks: usize,
    },
    /// Reading or writing a model file failed.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A matrix could not be built.
    #[error(transparent)]
    Tensor(#[from] TensorError),
}
