//! Removing the experts that are too many.

pub(crate) mod correlations;
pub(crate) mod merge;
pub(crate) mod prune;
