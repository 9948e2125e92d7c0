//! The harness of every claim: settings, cells that survive an interruption, progress, workers, and the outcome at the end.

mod claim;
mod cost;
mod desk;
mod grouping;
mod headline;
#[cfg(test)]
pub mod law;
mod progress;
mod reproduce;
mod scratch;
mod setting;
mod store;
mod workers;

pub use claim::{About, Claim, Measured};
pub use cost::Cost;
pub use desk::Desk;
pub use grouping::{CaseCells, group_cells};
pub use headline::show_point;
pub use progress::ClaimProgress;
pub use reproduce::{Reproduction, reproduce};
pub use scratch::{make_scratch, remove_scratch};
pub use setting::{Backend, Setting};
pub use store::ModelPlace;
pub use workers::Order;
