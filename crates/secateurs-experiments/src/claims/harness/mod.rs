//! The harness of every claim: settings, cells that survive an interruption, progress, workers, and the outcome at the end.

mod claim;
mod desk;
mod grouping;
mod progress;
mod reproduce;
mod setting;
mod store;
mod workers;

pub use claim::{About, Claim, Measured, Order};
pub use desk::Desk;
pub use grouping::{CaseCells, group_cells};
pub use reproduce::{Reproduction, reproduce};
pub use setting::{Backend, Setting};
pub use store::ModelPlace;
