//! Reports: facts of a pruning run, and the cost of a model.

pub(crate) mod cost;
pub(crate) mod run;
pub(crate) mod units;
