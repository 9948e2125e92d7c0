#![doc = include_str!("../README.md")]

mod constraints;
mod error;
mod schedules;
mod states;
mod trainer;

pub use constraints::{AdmmSettings, Constraint, PenaltyScale, ProjectionMetric, Proximal};
pub use error::{Result, TrainError};
pub use schedules::{LearningRate, PenaltySchedule, ScheduleShape};
pub use states::{MomentFormat, StateFormat, StateSlice, StateSliceMut, e4m3_from_f32, e4m3_to_f32};
pub use trainer::{
    AdamSettings, Batch, Decay, DualUpdate, Gradients, Residence, StateBytes, StepReport, TrainConfig, Trainer,
};
