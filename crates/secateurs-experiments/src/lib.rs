#![doc = include_str!("../README.md")]

pub mod causal_data;
pub mod claims;
mod error;
pub mod fixtures;
pub mod outcome;
pub mod report;
pub mod session;

pub use error::ExperimentError;
