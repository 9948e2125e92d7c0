//! Schedules: values that change from the first step to the last.

mod learning_rate;
mod penalty;
mod shape;

pub use learning_rate::{LearningRate, WarmUp};
pub use penalty::PenaltySchedule;
pub use shape::ScheduleShape;
