//! The Llama family: RMSNorm, rotary positions, grouped-query attention, SwiGLU.

mod attention;
mod block;
mod config;
mod load;
mod mlp;
mod model;
mod norm;
mod rope;
mod store;

pub use attention::LlamaAttention;
pub use block::LlamaBlock;
pub use config::{LlamaConfig, RopeScaling};
pub use load::{load_llama, planned_tensors, save_llama};
pub use mlp::LlamaMlp;
pub use model::{Llama, LlamaCore};
pub use norm::LlamaNorm;
pub use rope::Rope;
pub use store::LlamaStore;
