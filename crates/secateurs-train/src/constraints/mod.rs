//! What happens to the weights that are to go: nothing, a mask, or ELSA's alternation.

mod admm;
mod hold;
mod projection;
mod sparse_copies;

pub use admm::{AdmmSettings, Constraint, PenaltyScale, ProjectionMetric, Proximal};
pub(crate) use hold::{Force, Hold, Trained};
pub(crate) use projection::to_burn;
