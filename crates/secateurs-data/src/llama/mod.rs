//! What a Llama is on disk: its configuration and its tensors.

mod config;
mod error;
mod experts;
mod rope;
mod tensors;

pub use config::{LlamaConfig, RopeScaling};
pub use error::ConfigError;
pub use experts::{ExpertLayout, ExpertsConfig};
pub use tensors::planned_tensors;
