//! Scores on whole modules.

pub(crate) mod prune;
pub(crate) mod statistics;
