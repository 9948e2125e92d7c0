//! A name that no method has.

/// There is no method of a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no method \"{name}\"; the methods are: {known}")]
pub struct UnknownMethod {
    /// The name given.
    pub name: String,
    /// The names that exist.
    pub known: String,
}
