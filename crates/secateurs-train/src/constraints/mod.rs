//! Treatments of the weights to be pruned: none, a mask, or ELSA's alternation.

mod admm;
mod alternation;
mod masks;
mod projection;
mod restraint;
mod sparse_copy;
mod trained;

pub use admm::{AdmmSettings, Constraint, PenaltyScale, ProjectionMetric, Proximal};
pub(crate) use restraint::{Force, Restraint};
pub(crate) use trained::TrainedParameter;
