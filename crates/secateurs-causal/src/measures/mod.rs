//! Errors of estimates, and tests whether one method is better than another.

pub(crate) mod comparison;
pub(crate) mod metrics;
