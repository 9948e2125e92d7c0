//! A model in memory.

use secateurs_models::llama::{Llama, LlamaConfig};

/// A model in memory with its shape.
#[derive(Clone, Copy)]
pub struct LoadedLlama<'a> {
    /// Shape of the model.
    pub config: &'a LlamaConfig,
    /// Weights of the model.
    pub llama: &'a Llama,
}

impl<'a> LoadedLlama<'a> {
    /// Both together.
    pub fn new(config: &'a LlamaConfig, llama: &'a Llama) -> Self {
        Self { config, llama }
    }
}
