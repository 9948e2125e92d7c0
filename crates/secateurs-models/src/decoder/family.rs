//! The Llama layouts as a family.

use burn::tensor::{Device, Int, Tensor};
use secateurs_data::llama::{ConfigError, LlamaConfig};
use secateurs_data::{Checkpoint, CheckpointWriter, TensorPlan};
use secateurs_tensor::Observer;
use secateurs_train::{Gradients, MicroBatch, TrainError};
use serde_json::Value;

use super::block::LlamaBlock;
use super::load::save_llama;
use super::macs::macs_per_token;
use super::model::Llama;
use super::rope::Rope;
use crate::{Activations, Family, LanguageModel, MixtureShape, ModelError, Sequences, TransformerShape};

impl Family for LlamaConfig {
    type Block = LlamaBlock;
    type Positions = Rope;

    fn from_config(config: &Value) -> Result<Self, ConfigError> {
        Self::from_json(config)
    }

    fn planned(&self) -> Vec<TensorPlan> {
        self.tensors().map(|tensor| tensor.plan).collect()
    }

    fn new_block(&self, device: &Device) -> LlamaBlock {
        LlamaBlock::new(self, device)
    }

    fn positions(&self, n_tokens: usize, device: &Device) -> Rope {
        Rope::new(self, n_tokens, device)
    }

    fn forward(
        &self,
        block: &LlamaBlock,
        hidden: Tensor<3>,
        positions: &Rope,
        observer: &mut dyn Observer,
    ) -> Tensor<3> {
        if hidden.is_autodiff() {
            return block.forward(hidden, &positions.tracked(), observer);
        }
        block.forward(hidden, positions, observer)
    }

    fn observe(&self, block: &LlamaBlock, hidden: Tensor<3>, positions: &Rope, observer: &mut dyn Observer) {
        block.observe(hidden, positions, observer);
    }

    fn check_savable(&self, index: usize, block: &LlamaBlock) -> Result<(), ModelError> {
        block.check_savable(index)
    }

    fn n_blocks(&self) -> usize {
        self.n_blocks
    }

    fn describe(checkpoint: &Checkpoint) -> Result<Self, ModelError> {
        // Takes the tensors one by one, whatever number of blocks a file claims.
        Ok(Self::describe(checkpoint)?)
    }

    fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    fn max_positions(&self) -> usize {
        self.max_positions
    }

    fn macs_per_token(&self) -> u64 {
        macs_per_token(self)
    }

    fn transformer(&self) -> Option<TransformerShape> {
        Some(TransformerShape {
            d_model: self.d_model,
            heads: (self.n_heads, self.n_kv_heads),
            d_ffn: self.d_ffn,
        })
    }

    fn mixture(&self) -> Option<MixtureShape> {
        self.experts.map(|experts| MixtureShape {
            n_experts: experts.n_experts,
            top_k: experts.top_k,
            model_type: experts.layout.model_type(),
        })
    }
}

impl LanguageModel for LlamaConfig {
    type Model = Llama;

    fn new_model(&self, device: &Device) -> Llama {
        Llama::new(self, device)
    }

    fn embedded(&self, model: &Llama, tokens: Tensor<2, Int>) -> Tensor<3> {
        model.model.embed_tokens.forward(tokens)
    }

    fn blocks(model: &Llama) -> &[LlamaBlock] {
        &model.model.layers
    }

    fn device(model: &Llama) -> Device {
        model.model.embed_tokens.weight.device()
    }

    fn hidden(&self, model: &Llama, tokens: Tensor<2, Int>, positions: &Rope) -> Tensor<3> {
        model.hidden(tokens, positions, &mut ())
    }

    fn head(model: &Llama) -> Tensor<2> {
        model.head()
    }

    fn gradients(
        &self,
        model: &Llama,
        sequences: Sequences<'_, Rope>,
        activations: Activations,
        batch: MicroBatch,
    ) -> Result<Gradients, TrainError> {
        model.gradients(sequences.tokens, sequences.positions, activations, batch)
    }

    fn save(&self, model: &Llama, writer: &CheckpointWriter) -> Result<(), ModelError> {
        save_llama(self, model, writer)
    }
}
