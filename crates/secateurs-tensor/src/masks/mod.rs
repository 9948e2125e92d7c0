//! Masks, and what attaches them to a module.

pub(crate) mod attach;
pub(crate) mod keep;
