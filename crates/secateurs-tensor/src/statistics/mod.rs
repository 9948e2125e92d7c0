//! Statistics of the inputs of layers.

pub(crate) mod activations;
pub(crate) mod gram;
pub(crate) mod mirror;
pub(crate) mod observer;
pub(crate) mod patches;
