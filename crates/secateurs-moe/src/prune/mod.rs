//! Removes experts: evidence about them, their choice, and their replacements.

mod constant;
mod evidence;
mod gated;
mod importance;
mod lost;
mod merge;
mod naee;
mod select;

pub use constant::{Constant, ExpertOrConstant, Replacement, constants};
pub use evidence::{ExpertEvidence, ExpertSums};
pub use gated::gated_inputs;
pub use importance::{ActivationNorm, Frequency, GateMass, OutputVariance, RandomExperts, Reap, scores_of};
pub use lost::{Lost, lost};
pub use merge::{ExpertGroups, clusters, merge_experts};
pub use naee::{CachedBatch, Naee, NaeeChoice};
pub use select::{keep_experts, n_removed, super_experts};
