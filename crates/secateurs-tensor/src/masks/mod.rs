//! Masks, and their attachment to a module.

pub(crate) mod attach;
pub(crate) mod keep;
