//! Edges that are curves with a formula, and splines that become them.

pub(crate) mod edges;
pub(crate) mod symbolise;
