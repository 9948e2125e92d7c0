//! The training loop: takes one step after another, and keeps its state as a value.

mod adam;
mod backward;
mod config;
mod gradients;
pub(crate) mod parameters;
mod report;
mod slopes;
mod snapshot;
mod step;

pub(crate) use adam::AdamStep;
pub use adam::{AdamSettings, Decay};
pub use config::{Residence, TrainConfig};
pub use gradients::{Gradients, MicroBatch};
pub(crate) use parameters::Parameter;
pub use report::{DualUpdate, StateBytes, StepReport};
pub use step::Trainer;
