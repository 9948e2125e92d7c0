#![doc = include_str!("../README.md")]

mod cache;
mod chat;
mod engine;
mod error;
mod generate;
mod load;
mod measure;
mod prompt;
mod sampler;
mod source;
mod synthetic;
mod weights;

pub use cache::Cache;
pub use chat::{ChatTemplate, Conversation, Message};
pub use engine::{Engine, EngineConfig};
pub use error::RuntimeError;
pub use generate::{Generation, SeededPrompt, Stop, generate, generate_seeded};
pub use load::read_matrix;
pub use measure::{MeasureConfig, Speed, copy_bandwidth, measure, read_bandwidth};
pub use sampler::{Sampler, Sampling};
pub use synthetic::{Synthetic, one_billion};
pub use weights::{BlockWeights, LlamaWeights};
