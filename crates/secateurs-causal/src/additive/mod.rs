//! Additive models in closed form.

pub(crate) mod model;
pub(crate) mod pooling;
pub(crate) mod ridge;
pub(crate) mod term;
