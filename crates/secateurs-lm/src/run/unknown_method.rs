//! A name that no method has.

/// The error for a name that no method has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no method \"{name}\"; the methods are: {known}")]
pub struct UnknownMethod {
    /// The name given.
    pub name: String,
    /// The names of all methods.
    pub known: String,
}
