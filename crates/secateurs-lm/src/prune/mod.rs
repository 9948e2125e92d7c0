//! Weights of a checkpoint removed, layer by layer or block by block.

pub(crate) mod draft;
pub(crate) mod job;
pub(crate) mod journal;
pub(crate) mod method;
pub(crate) mod notes;
pub(crate) mod recipe;
pub(crate) mod selection;

pub use draft::RecipeDraft;
pub use job::{PruneJob, PruneOutcome, prune_checkpoint};
pub use method::{Method, MethodOptions};
pub use recipe::{AllocationRecipe, Recipe};
pub use selection::{BlockMatrix, block_matrices};
