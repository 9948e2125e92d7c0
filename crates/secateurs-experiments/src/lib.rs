#![doc = include_str!("../README.md")]

pub mod causal_data;
pub mod claims;
mod error;
pub mod fixtures;
pub mod html;
pub mod outcome;
pub mod plot;
pub mod table;

pub use error::ExperimentError;
