//! One transformer block.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use secateurs_data::llama::LlamaConfig;
use secateurs_moe::Routing;
use secateurs_tensor::Observer;

use super::attention::LlamaAttention;
use super::mlp::LlamaMlp;
use super::moe::LlamaMoe;
use super::norm::LlamaNorm;
use super::rope::Rope;
use super::tokens::merge_tokens;
use crate::ModelError;

/// One transformer block: attention, and SwiGLU or a mixture of experts, each on a normalised input and added to the
/// residual stream.
///
/// Fields are named as in Hugging Face checkpoints of dense Llamas, so a parameter's path is its name in the file.
#[derive(Module, Debug)]
pub struct LlamaBlock {
    /// Norm before attention.
    pub input_layernorm: LlamaNorm,
    /// Attention.
    pub self_attn: LlamaAttention,
    /// Norm before the SwiGLU layer or the mixture of experts.
    pub post_attention_layernorm: LlamaNorm,
    /// The SwiGLU layer of a dense model.
    pub mlp: Option<LlamaMlp>,
    /// The mixture of experts, where there is no SwiGLU layer.
    pub moe: Option<LlamaMoe>,
}

impl LlamaBlock {
    /// A block of the given shape with burn's default initialisation.
    pub fn new(config: &LlamaConfig, device: &Device) -> Self {
        Self {
            input_layernorm: LlamaNorm::new(config.d_model, config.norm_eps, device),
            self_attn: LlamaAttention::new(config, device),
            post_attention_layernorm: LlamaNorm::new(config.d_model, config.norm_eps, device),
            mlp: config.experts.is_none().then(|| LlamaMlp::new(config, device)),
            moe: config.experts.map(|experts| LlamaMoe::new(config, &experts, device)),
        }
    }

    /// Applies the block, showing the input of every linear to `observer` under the linear's path in this block.
    ///
    /// An expert's linears are shown the tokens that it answers, and nothing if there are none. Where a gate's logits are not
    /// finite, the result is NaN.
    ///
    /// # Shapes
    ///
    /// `[batch, n_tokens, d_model] -> [batch, n_tokens, d_model]`; `positions` covers at least `n_tokens`.
    pub fn forward(&self, x: Tensor<3>, positions: &Rope, observer: &mut dyn Observer) -> Tensor<3> {
        self.forward_routed(x, positions, observer).0
    }

    /// Applies the block as [`forward`](Self::forward) does, and returns the router's decisions, if there is a router
    /// and its logits are finite.
    pub fn forward_routed(
        &self,
        x: Tensor<3>,
        positions: &Rope,
        observer: &mut dyn Observer,
    ) -> (Tensor<3>, Option<Routing>) {
        let x = self.attend(x, positions, observer);
        let normed = self.post_attention_layernorm.forward(x.clone());
        let dims = x.dims();
        let (mixed, routing) = match (&self.mlp, &self.moe) {
            (Some(mlp), _) => (mlp.forward(normed, observer), None),
            (None, Some(moe)) => match moe.observed(merge_tokens(normed), observer) {
                Ok((mixed, routing)) => (mixed.reshape(dims), Some(routing)),
                // The output of a dense layer; losses, weights and statistics show where it is not finite.
                Err(_) => (x.full_like(f32::NAN), None),
            },
            (None, None) => return (x, None),
        };
        (x + mixed, routing)
    }

    /// Shows `observer` the same inputs as [`forward`](Self::forward) and stops before the last product.
    pub fn observe(&self, x: Tensor<3>, positions: &Rope, observer: &mut dyn Observer) {
        let x = self.attend(x, positions, observer);
        let normed = self.post_attention_layernorm.forward(x);
        if let Some(mlp) = &self.mlp {
            mlp.inner(normed, observer);
        } else if let Some(moe) = &self.moe {
            // Logits that are not finite are the forward pass's to report, as NaN.
            let _ = moe.observe(merge_tokens(normed), observer);
        }
    }

    /// The tokens that reach the mixture of experts: the normalised residual stream after attention.
    ///
    /// # Shapes
    ///
    /// `[batch, n_tokens, d_model] -> [batch * n_tokens, d_model]`; `positions` covers at least `n_tokens`.
    pub fn experts_input(&self, x: Tensor<3>, positions: &Rope) -> Tensor<2> {
        let x = self.attend(x, positions, &mut ());
        merge_tokens(self.post_attention_layernorm.forward(x))
    }

    /// Refuses a block with more state than its parameters.
    pub(crate) fn check_savable(&self, index: usize) -> Result<(), ModelError> {
        match &self.moe {
            Some(moe) if moe.has_constants() => Err(ModelError::ConstantExperts { index }),
            _ => Ok(()),
        }
    }

    fn attend(&self, x: Tensor<3>, positions: &Rope, observer: &mut dyn Observer) -> Tensor<3> {
        let normed = self.input_layernorm.forward(x.clone());
        x + self.self_attn.forward(normed, positions, observer)
    }
}
