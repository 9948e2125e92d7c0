//! Splines on the edges of a layer.

pub(crate) mod backward;
pub(crate) mod forward;
mod groups;
pub(crate) mod layer;
mod outer;
mod points;
mod slopes;
pub(crate) mod terms;
mod vectors;
