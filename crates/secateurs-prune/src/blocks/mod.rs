//! Walks a model block by block, and shares sparsity among its blocks.

pub(crate) mod allocation;
pub(crate) mod collect;
pub(crate) mod driver;
pub(crate) mod flow;
mod layerwise;
pub(crate) mod method;
pub(crate) mod outliers;
pub(crate) mod owl;
pub(crate) mod passes;
pub(crate) mod plan;
mod regional;
pub(crate) mod report;
pub(crate) mod store;
