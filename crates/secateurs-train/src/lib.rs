//! Training a whole model while weights go: ELSA, its quantised form, and what they are compared with.

mod adam;
mod blockwise;
mod config;
mod constraint;
mod float8;
mod gradients;
mod hold;
mod moments;
mod parameters;
mod project;
mod report;
mod schedule;
mod snapshot;
mod sparse_copies;
mod state;
mod stored;
mod trainer;
mod vectors;

pub use adam::{AdamSettings, Decay};
pub use config::{Residence, TrainConfig};
pub use constraint::{AdmmSettings, Constraint, PenaltyScale, ProjectionMetric, Proximal};
pub use float8::{e4m3_from_f32, e4m3_to_f32};
pub use gradients::{Batch, Gradients};
pub use moments::MomentFormat;
pub use report::{DualUpdate, StateBytes, StepReport};
pub use schedule::{LearningRate, Penalty, Shape};
pub use state::{StateSlice, StateSliceMut};
pub use stored::StateFormat;
pub use trainer::Trainer;
