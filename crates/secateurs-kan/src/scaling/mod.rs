//! The numbers that layers compute with: units of columns and outcomes, and what precisions hold.

pub(crate) mod bulk;
pub(crate) mod precision;
pub(crate) mod unit;
pub(crate) mod units;
