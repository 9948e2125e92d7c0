//! Weights of a checkpoint removed while the whole model is trained.

pub(crate) mod data;
pub(crate) mod job;
pub(crate) mod journal;
pub(crate) mod log;
pub(crate) mod settings;
pub(crate) mod state;

pub use log::{SparseLoss, TrainingLog};
pub use settings::Training;
