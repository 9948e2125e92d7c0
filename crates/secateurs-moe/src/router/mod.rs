//! Routers: they turn logits into an assignment of tokens to experts.

mod capacity;
mod expert_choice;
mod kind;
mod logits;
mod noise;
mod precision;
mod sigmoid;
mod slots;
mod soft;
mod top_k;

pub use capacity::{Capacity, DropOrder};
pub use expert_choice::ExpertChoice;
pub use kind::RouterKind;
pub use noise::Noise;
pub(crate) use precision::wide;
pub use sigmoid::SigmoidTopK;
pub use slots::{SoftSlots, slot_logits};
pub use soft::Soft;
pub use top_k::{Normalise, TopK};

use burn::tensor::Tensor;
use rand::rngs::StdRng;

use crate::error::Result;
use crate::routing::Routing;

/// Assigns tokens to experts, from a gate's logit for every pair.
///
/// The gate itself, a linear or whatever gives logits, is not the router's: a router has no trained parameters.
pub trait Router: std::fmt::Debug + Send + Sync {
    /// The field's name, in kebab-case.
    fn name(&self) -> &'static str;

    /// Number of logits of each expert: 1, or its number of slots.
    fn slots_per_expert(&self) -> usize {
        1
    }

    /// Routes tokens.
    ///
    /// Without a source of randomness nothing is random: noise is left out. That is how a trained model runs.
    ///
    /// Choices follow the order of the exact values of the formulas, whatever the precision of the logits: an expert is never chosen
    /// because two probabilities round to the same number. Gates are computed in at least single precision and have the precision of
    /// the logits; they and their gradients are finite for all finite logits.
    ///
    /// # Shapes
    ///
    /// `logits`: `[n_tokens, n_experts * slots_per_expert]`.
    ///
    /// # Errors
    ///
    /// If there are no tokens, too few experts, or a logit is NaN or infinite.
    fn route(&self, logits: Tensor<2>, randomness: Option<&mut StdRng>) -> Result<Routing>;
}
