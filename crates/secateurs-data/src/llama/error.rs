//! What can be wrong with a configuration.

/// What can be wrong with a `config.json`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It lacks a field or holds one of the wrong type.
    #[error("config.json is not a usable Llama configuration")]
    Syntax(#[source] serde_json::Error),
    /// A field has a value that this model cannot have.
    #[error("config.json: {field} is {value}, {expected}")]
    Value {
        /// Name of the field.
        field: &'static str,
        /// The value found.
        value: String,
        /// What would have been accepted.
        expected: &'static str,
    },
    /// The model is of a family that is not implemented.
    #[error("model_type is \"{found}\"; the models read here are: llama, mixtral, olmoe")]
    UnknownFamily {
        /// The `model_type` found.
        found: String,
    },
    /// The model is a mixture of experts where only dense models are possible.
    #[error(
        "this is a mixture of {n_experts} experts (model_type \"{model_type}\"), and {what} knows dense models only; \
         pruning and perplexity work on mixtures"
    )]
    Experts {
        /// Experts of a block.
        n_experts: usize,
        /// The `model_type`.
        model_type: &'static str,
        /// What does not work.
        what: &'static str,
    },
}

pub(super) fn bad_value(field: &'static str, value: impl ToString, expected: &'static str) -> ConfigError {
    ConfigError::Value {
        field,
        value: value.to_string(),
        expected,
    }
}
