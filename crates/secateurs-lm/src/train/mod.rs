//! Removes weights of a checkpoint while the whole model is trained.

mod course;
mod data;
pub(crate) mod error;
mod inputs;
pub(crate) mod job;
mod journal;
pub(crate) mod log;
pub(crate) mod settings;
mod state;

pub use error::TrainJobError;
pub use log::{SparseLoss, TrainingLog};
pub use settings::Training;
