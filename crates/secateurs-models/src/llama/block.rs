//! One transformer block.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use secateurs_data::llama::LlamaConfig;
use secateurs_tensor::Observer;

use super::attention::LlamaAttention;
use super::mlp::LlamaMlp;
use super::norm::LlamaNorm;
use super::rope::Rope;

/// One transformer block: attention and SwiGLU, each on a normalised input and added to the residual stream.
///
/// Fields are named as in Hugging Face checkpoints, so a parameter's path is its name in the file.
#[derive(Module, Debug)]
pub struct LlamaBlock {
    /// Norm before attention.
    pub input_layernorm: LlamaNorm,
    /// Attention.
    pub self_attn: LlamaAttention,
    /// Norm before the SwiGLU layer.
    pub post_attention_layernorm: LlamaNorm,
    /// The SwiGLU layer.
    pub mlp: LlamaMlp,
}

impl LlamaBlock {
    /// A block of the given shape with burn's default initialisation.
    pub fn new(config: &LlamaConfig, device: &Device) -> Self {
        Self {
            input_layernorm: LlamaNorm::new(config.d_model, config.norm_eps, device),
            self_attn: LlamaAttention::new(config, device),
            post_attention_layernorm: LlamaNorm::new(config.d_model, config.norm_eps, device),
            mlp: LlamaMlp::new(config, device),
        }
    }

    /// Applies the block, showing the input of every linear to `observer` under the linear's path in this block.
    ///
    /// # Shapes
    ///
    /// `[batch, n_tokens, d_model] -> [batch, n_tokens, d_model]`; `positions` covers at least `n_tokens`.
    pub fn forward(&self, x: Tensor<3>, positions: &Rope, observer: &mut dyn Observer) -> Tensor<3> {
        let x = self.attend(x, positions, observer);
        let mixed = self
            .mlp
            .forward(self.post_attention_layernorm.forward(x.clone()), observer);
        x + mixed
    }

    /// Shows `observer` what [`forward`](Self::forward) would and stops there: without the last product.
    pub fn observe(&self, x: Tensor<3>, positions: &Rope, observer: &mut dyn Observer) {
        let x = self.attend(x, positions, observer);
        self.mlp.inner(self.post_attention_layernorm.forward(x), observer);
    }

    fn attend(&self, x: Tensor<3>, positions: &Rope, observer: &mut dyn Observer) -> Tensor<3> {
        let normed = self.input_layernorm.forward(x.clone());
        x + self.self_attn.forward(normed, positions, observer)
    }
}

/// Applies a linear without bias.
pub(crate) fn project(linear: &Linear, x: Tensor<2>) -> Tensor<2> {
    secateurs_ops::linear(x, linear.weight.val())
}

/// `[batch, n_tokens, d] -> [batch * n_tokens, d]`
pub(crate) fn merge_tokens(x: Tensor<3>) -> Tensor<2> {
    let [batch, n_tokens, d] = x.dims();
    x.reshape([batch * n_tokens, d])
}
