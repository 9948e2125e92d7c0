//! Reads a whole Llama from a checkpoint, and writes one.

use burn::tensor::Device;
use secateurs_data::llama::LlamaConfig;
use secateurs_data::{Checkpoint, CheckpointWriter};

use super::model::Llama;
use crate::{Family, LanguageModel, ModelError, TensorMap};

/// Loads a whole Llama.
///
/// # Errors
///
/// If the configuration is not a Llama's, a tensor is missing, of another shape than the configuration implies, not used, or
/// not finite.
pub fn load_llama(checkpoint: &Checkpoint, device: &Device) -> Result<(LlamaConfig, Llama), ModelError> {
    let config = LlamaConfig::open(checkpoint)?;
    let llama = config.load(checkpoint, device)?;
    Ok((config, llama))
}

/// Writes every parameter of a model of this shape.
///
/// # Errors
///
/// If the writer refuses a tensor, or constants are in the place of experts.
pub fn save_llama(config: &LlamaConfig, llama: &Llama, writer: &CheckpointWriter) -> Result<(), ModelError> {
    for (index, block) in llama.model.layers.iter().enumerate() {
        block.check_savable(index)?;
    }
    TensorMap::new(config.planned()).write(llama, "", writer)
}
