//! Removes experts of a mixture, and reports the loss.

pub(crate) mod error;
mod job;
mod method;
mod observe;
mod remove;
mod weights;
mod zeros;

pub use error::ExpertError;
pub use job::{ExpertJob, ExpertOutcome, prune_experts};
pub use method::ExpertMethod;
pub use observe::{Evidence, ExpertObservation, observe_experts};
pub use remove::{BlockExperts, ExpertPlan, ExpertReport, remove_experts};
