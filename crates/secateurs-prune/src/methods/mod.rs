//! Methods that prune one layer, or one block at a time.

pub(crate) mod alps;
pub(crate) mod l_admm;
pub(crate) mod layer_method;
pub(crate) mod mask_only;
mod output_sweep;
mod penalty;
mod prepare;
pub(crate) mod problem;
mod quota;
pub(crate) mod safe;
mod selector;
pub(crate) mod sparsegpt;
mod splitting;
