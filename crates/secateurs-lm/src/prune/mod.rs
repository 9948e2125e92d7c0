//! Weights of a checkpoint removed, layer by layer, block by block or in the whole model.

pub(crate) mod algorithm;
pub(crate) mod blockwise;
pub(crate) mod draft;
pub(crate) mod error;
pub(crate) mod gradients;
pub(crate) mod journal;
pub(crate) mod method;
pub(crate) mod notes;
pub(crate) mod options;
pub(crate) mod plan;
pub(crate) mod prune_checkpoint;
pub(crate) mod prune_job;
pub(crate) mod recipe;
pub(crate) mod recipe_error;
pub(crate) mod selection;

pub use algorithm::{Algorithm, Elsa, ElsaState, FirstStage, WholeModel};
pub use draft::RecipeDraft;
pub use error::PruneJobError;
pub use method::Method;
pub use options::MethodOptions;
pub use plan::{PlannedBlock, PrunePlan};
pub use prune_checkpoint::{prune_checkpoint, prune_family, prune_language_model};
pub use prune_job::{PruneJob, PruneOutcome};
pub use recipe::{AllocationRecipe, Recipe};
pub use recipe_error::RecipeError;
pub use selection::{BlockMatrix, block_matrices};
