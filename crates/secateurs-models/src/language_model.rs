//! Whole language models in memory: the seam of training and measuring.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use secateurs_data::{Checkpoint, CheckpointWriter};
use secateurs_ops::{linear, linear_cross_entropy};
use secateurs_train::{Gradients, MicroBatch, TrainError};
use serde::{Deserialize, Serialize};

use crate::{Family, ModelError, TensorMap};

/// Values kept from the forward pass for the backward pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activations {
    /// All activations: fastest.
    #[default]
    Keep,
    /// The input of each block: needs the memory of one block's activations and a second forward pass.
    Recompute,
}

/// A family of models that predict the next token, each held in memory as a whole.
///
/// Sequences are `tokens`, `[batch, n_tokens]`; `positions` cover at least `n_tokens`.
pub trait LanguageModel: Family {
    /// The whole model; its parameters have the planned paths.
    type Model: Module;

    /// A model whose parameters have not been read or trained yet.
    fn new_model(&self, device: &Device) -> Self::Model;

    /// Embeds tokens: the input of block 0, `[batch, n_tokens] -> [batch, n_tokens, d_model]`.
    fn embedded(&self, model: &Self::Model, tokens: Tensor<2, Int>) -> Tensor<3>;

    /// The blocks in order.
    fn blocks(model: &Self::Model) -> &[Self::Block];

    /// Device on which the model computes.
    fn device(model: &Self::Model) -> Device;

    /// The normalised hidden states after the last block, `[batch, n_tokens, d_model]`.
    fn hidden(&self, model: &Self::Model, tokens: Tensor<2, Int>, positions: &Self::Positions) -> Tensor<3>;

    /// The output matrix, `[vocab_size, d_model]`.
    fn head(model: &Self::Model) -> Tensor<2>;

    /// The mean of the [`token_losses`](Self::token_losses) and its derivatives by all parameters.
    ///
    /// # Errors
    ///
    /// If the model is on a device without autodiff.
    fn gradients(
        &self,
        model: &Self::Model,
        sequences: Sequences<'_, Self::Positions>,
        activations: Activations,
        batch: MicroBatch,
    ) -> Result<Gradients, TrainError>;

    /// The logits of hidden states, `[n, d_model] -> [n, vocab_size]`.
    fn logits(&self, model: &Self::Model, hidden: Tensor<2>) -> Tensor<2> {
        linear(hidden, Self::head(model).transpose())
    }

    /// The loss of every predicted token, `[batch, n_tokens - 1]`: element `t` is `-ln p(tokens[t + 1] | tokens[..=t])`.
    ///
    /// # Panics
    ///
    /// If there are fewer than two tokens.
    fn token_losses(&self, model: &Self::Model, sequences: Sequences<'_, Self::Positions>) -> Tensor<2> {
        let Sequences { tokens, positions } = sequences;
        let hidden = self.hidden(model, tokens.clone(), positions);
        losses_of(hidden, Self::head(model), tokens)
    }

    /// Reads the whole model.
    ///
    /// # Errors
    ///
    /// If a tensor cannot be read, is not finite or has another shape than the module.
    fn load(&self, checkpoint: &Checkpoint, device: &Device) -> Result<Self::Model, ModelError> {
        let read = |name: &str| Ok(checkpoint.read_f32(name)?);
        TensorMap::new(self.planned()).fill(self.new_model(device), "", &read)
    }

    /// Writes every parameter of the model.
    ///
    /// # Errors
    ///
    /// If the writer refuses a tensor.
    fn save(&self, model: &Self::Model, writer: &CheckpointWriter) -> Result<(), ModelError> {
        TensorMap::new(self.planned()).write(model, "", writer)
    }
}

/// Token sequences with the table that blocks need for them.
#[derive(Debug)]
pub struct Sequences<'a, P> {
    /// `[batch, n_tokens]`
    pub tokens: Tensor<2, Int>,
    /// Covers at least `n_tokens`.
    pub positions: &'a P,
}

/// The loss of every predicted token, `[batch, n_tokens - 1]`, from the normalised hidden states of all tokens and the
/// output matrix `[vocab_size, d_model]`.
pub(crate) fn losses_of(hidden: Tensor<3>, head: Tensor<2>, tokens: Tensor<2, Int>) -> Tensor<2> {
    let [batch, n_tokens, d_model] = hidden.dims();
    assert!(n_tokens >= 2, "a sequence of {n_tokens} tokens predicts nothing");
    let n_predicted = n_tokens - 1;
    let hidden = hidden.slice([0..batch, 0..n_predicted, 0..d_model]);
    let hidden = hidden.reshape([batch * n_predicted, d_model]);
    let targets = tokens.slice([0..batch, 1..n_tokens]).reshape([batch * n_predicted]);
    linear_cross_entropy(hidden, head, targets).reshape([batch, n_predicted])
}
