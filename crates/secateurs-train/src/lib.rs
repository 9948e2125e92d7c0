#![doc = include_str!("../README.md")]

mod batches;
mod constraints;
mod early_stopping;
mod error;
mod schedules;
mod states;
mod trainer;

pub use batches::{Batches, EpochOrder};
pub use constraints::{AdmmSettings, Constraint, PenaltyScale, ProjectionMetric, Proximal};
pub use early_stopping::{Best, EarlyStopping, Verdict, Watch};
pub use error::{Result, TrainError};
pub use schedules::{LearningRate, PenaltySchedule, ScheduleShape, WarmUp};
pub use states::{MomentFormat, StateFormat, StateSlice, StateSliceMut, e4m3_from_f32, e4m3_to_f32};
pub use trainer::{
    AdamSettings, Decay, DualUpdate, Gradients, MicroBatch, Residence, StateBytes, StepReport, TrainConfig, Trainer,
};
