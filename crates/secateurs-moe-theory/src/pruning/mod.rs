//! Removes superfluous experts.

pub(crate) mod correlations;
pub(crate) mod merge;
pub(crate) mod prune;
