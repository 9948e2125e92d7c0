//! The numbers that layers compute with: scales of columns and outcomes, and limits of precisions.

pub(crate) mod bulk;
pub(crate) mod precision;
pub(crate) mod scale;
pub(crate) mod scales;
