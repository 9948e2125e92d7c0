#![doc = include_str!("../README.md")]

mod algebra;
mod blocks;
mod error;
mod methods;

pub use algebra::gram::Gram;
pub use blocks::allocation::Allocation;
pub use blocks::driver::prune_blocks;
pub use blocks::flow::Flow;
pub use blocks::method::{BlockMethod, BlockTask, PrunedBlock};
pub use blocks::outliers::outlier_fractions;
pub use blocks::owl::{outlier_fraction, owl_sparsities};
pub use blocks::plan::{BlockPlan, Progress};
pub use blocks::report::{PrunedTogether, layer_reports};
pub use blocks::store::BlockStore;
pub use error::PruneError;
pub use methods::alps::Alps;
pub use methods::l_admm::{AdmmSchedule, LAdmm};
pub use methods::layer_method::LayerMethod;
pub use methods::mask_only::MaskOnly;
pub use methods::problem::{LayerProblem, Solution};
pub use methods::safe::Safe;
pub use methods::sparsegpt::SparseGpt;
