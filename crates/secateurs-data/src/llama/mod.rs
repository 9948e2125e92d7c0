//! A Llama on disk: its configuration and its tensors.

mod config;
mod error;
mod experts;
mod fields;
mod keys;
mod open;
mod role;
mod rope;
mod scaling;
mod tensors;
mod token_ids;

pub use config::LlamaConfig;
pub use error::ConfigError;
pub use experts::{ExpertLayout, ExpertsConfig};
pub use role::LlamaRole;
pub use scaling::RopeScaling;
pub use tensors::{LlamaTensor, planned_tensors};
pub(crate) use token_ids::token_ids;
