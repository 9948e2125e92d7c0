//! Gradients of burn modules, collected over samples.

pub(crate) mod collector;
pub(crate) mod stats;
