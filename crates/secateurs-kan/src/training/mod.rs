//! Training of networks, by gradients and by least squares.

mod config;
mod fit;
pub(crate) mod fit_columns;
mod grid_updates;
mod least_squares;
mod minimise;
mod objective;
mod penalty;
mod rows;
mod schedule;
mod stepper;

pub use config::FitConfig;
pub use fit::{fit, root_mean_square_error};
pub use grid_updates::GridUpdates;
pub use minimise::{StepLog, minimise};
pub use objective::Objective;
pub use penalty::Penalty;
pub use rows::Rows;
pub use schedule::{Keep, Optimizer, Schedule};
