//! Errors of a configuration.

use serde_json::Value;

/// An error of a `config.json`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A configuration that is not a JSON object.
    #[error("config.json must hold an object, and holds {found}")]
    NoObject {
        /// The value found, shortened.
        found: String,
    },
    /// A missing field that has no default here.
    #[error("config.json lacks {field}")]
    Missing {
        /// Name of the field.
        field: String,
    },
    /// A field whose value this model cannot have.
    #[error("config.json: {field} is {value}, {expected}")]
    Value {
        /// Name of the field; a field inside another one is written `outer.inner`.
        field: String,
        /// The value found, shortened.
        value: String,
        /// The accepted values.
        expected: &'static str,
    },
    /// Two fields with the same meaning and different values; programs differ in the one that they take.
    #[error("config.json: {first} and {second} mean the same, but differ; keep the one that is right")]
    Disagree {
        /// Name of one field.
        first: String,
        /// Name of the other.
        second: String,
    },
    /// An unknown field, which may change the model's computation.
    #[error("config.json: {field} is {value}, and its meaning is not known here; remove it if it changes nothing")]
    UnknownField {
        /// Name of the field; a field inside another one is written `outer.inner`.
        field: String,
        /// The value found, shortened.
        value: String,
    },
    /// A model of a family that is not implemented.
    #[error("model_type is \"{found}\"; the models read here are: llama, mixtral, olmoe")]
    UnknownFamily {
        /// The `model_type` found.
        found: String,
    },
    /// A mixture of experts where only dense models are possible.
    #[error(
        "this is a mixture of {n_experts} experts (model_type \"{model_type}\"), and {what} knows dense models only; \
         pruning and perplexity work on mixtures"
    )]
    Experts {
        /// Experts of a block.
        n_experts: usize,
        /// The `model_type`.
        model_type: &'static str,
        /// The part that handles dense models only.
        what: &'static str,
    },
}

pub(super) fn bad_value(field: impl Into<String>, value: impl ToString, expected: &'static str) -> ConfigError {
    ConfigError::Value {
        field: field.into(),
        value: shorten(&value.to_string()),
        expected,
    }
}

pub(super) fn unknown_field(field: impl Into<String>, value: &Value) -> ConfigError {
    ConfigError::UnknownField {
        field: field.into(),
        value: shorten(&value.to_string()),
    }
}

/// The start of a text that may be as long as a file.
pub(super) fn shorten(text: &str) -> String {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text.to_owned(),
    }
}
