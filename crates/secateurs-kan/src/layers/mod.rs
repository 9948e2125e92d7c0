//! The network: functions on edges, sums and products at nodes, and layers of both.

pub(crate) mod basis;
pub(crate) mod grid;
pub(crate) mod layer;
pub(crate) mod network;
pub(crate) mod nodes;
mod regrid;
mod scaled;
