//! The Llama family: RMSNorm, rotary positions, grouped-query attention, SwiGLU or a mixture of experts.

mod attention;
mod block;
mod family;
mod load;
mod losses;
mod macs;
mod mixture;
mod mlp;
mod model;
mod moe;
mod norm;
mod rope;
mod tokens;
mod train;

pub use attention::LlamaAttention;
pub use block::LlamaBlock;
pub use load::{load_llama, save_llama};
pub use losses::RoutedLosses;
pub use mlp::LlamaMlp;
pub use model::{Llama, LlamaCore};
pub use moe::LlamaMoe;
pub use norm::LlamaNorm;
pub use rope::Rope;
pub use secateurs_data::llama::{ConfigError, ExpertLayout, ExpertsConfig, LlamaConfig, RopeScaling, planned_tensors};

pub use crate::Activations;

/// A Llama on disk, block by block.
pub type LlamaStore = crate::CheckpointStore<LlamaConfig>;
