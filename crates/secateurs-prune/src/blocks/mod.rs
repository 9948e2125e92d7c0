//! Walks a model block by block, and shares sparsity among its blocks.

pub(crate) mod allocation;
pub(crate) mod block;
pub(crate) mod collect;
pub(crate) mod driver;
pub(crate) mod outliers;
pub(crate) mod owl;
pub(crate) mod replace;
