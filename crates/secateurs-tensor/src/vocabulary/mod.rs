//! Sparsities, patterns, scopes and settings: values that cannot be invalid.

pub(crate) mod bounded;
pub(crate) mod needs;
pub(crate) mod nm;
pub(crate) mod pattern;
pub(crate) mod scope;
pub(crate) mod sparsity;
