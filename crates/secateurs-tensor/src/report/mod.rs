//! What a run did and what a model costs.

pub(crate) mod cost;
pub(crate) mod run;
pub(crate) mod units;
