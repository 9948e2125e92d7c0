//! How much nodes and edges matter.

pub(crate) mod attribution;
mod game;
pub(crate) mod shapley;
pub(crate) mod statistics;

pub use game::{Baseline, Payoff};
