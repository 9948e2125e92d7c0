//! Removes weights of a checkpoint, layer by layer, block by block or in the whole model.

pub(crate) mod algorithm;
pub(crate) mod blockwise;
pub(crate) mod error;
pub(crate) mod gradients;
pub(crate) mod journal;
pub(crate) mod method;
pub(crate) mod notes;
pub(crate) mod prune_checkpoint;
pub(crate) mod prune_job;
pub(crate) mod recipes;

pub use algorithm::{Algorithm, Elsa, ElsaState, FirstStage, WholeModel};
pub use error::PruneJobError;
pub use method::Method;
pub use prune_checkpoint::{prune_checkpoint, prune_family, prune_language_model};
pub use prune_job::{PruneJob, PruneOutcome};
pub use recipes::draft::RecipeDraft;
pub use recipes::options::MethodOptions;
pub use recipes::plan::{PlannedBlock, PrunePlan};
pub use recipes::recipe::{AllocationRecipe, Recipe};
pub use recipes::recipe_error::RecipeError;
pub use recipes::selection::{BlockMatrix, block_matrices};
