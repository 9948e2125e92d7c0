//! Studies: treatments and outcomes of rows with covariates.

mod overlap;
pub(crate) mod scale;
pub(crate) mod study;
pub(crate) mod synthetic;
