//! Scores of nodes and edges.

pub(crate) mod attribution;
pub(crate) mod magnitude;
pub(crate) mod observed;
pub(crate) mod shapley;
pub(crate) mod statistics;
