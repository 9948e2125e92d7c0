//! The numbers that layers compute with: units of columns and outcomes, and what precisions hold.

pub(crate) mod bulk;
pub(crate) mod precision;
pub(crate) mod scale;
pub(crate) mod scales;
