//! Grouped-query self-attention with rotary positions.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use secateurs_data::llama::{ExpertLayout, LlamaConfig};
use secateurs_ops::{causal_attention, rope};
use secateurs_tensor::Observer;

use super::norm::LlamaNorm;
use super::rope::Rope;
use super::tokens::{merge_tokens, project};

/// Causal self-attention in which several query heads share a key and value head.
#[derive(Module, Debug)]
pub struct LlamaAttention {
    /// `d_model -> n_heads * d_head`
    pub q_proj: Linear,
    /// `d_model -> n_kv_heads * d_head`
    pub k_proj: Linear,
    /// `d_model -> n_kv_heads * d_head`
    pub v_proj: Linear,
    /// `n_heads * d_head -> d_model`
    pub o_proj: Linear,
    /// Norm of all query heads together, where the family has one.
    pub q_norm: Option<LlamaNorm>,
    /// Norm of all key heads together, where the family has one.
    pub k_norm: Option<LlamaNorm>,
    d_head: usize,
}

impl LlamaAttention {
    /// Attention of the given shape with burn's default initialisation.
    pub fn new(config: &LlamaConfig, device: &Device) -> Self {
        let linear = |d_input, d_output| LinearConfig::new(d_input, d_output).with_bias(false).init(device);
        let (d_query, d_key) = (config.n_heads * config.d_head, config.n_kv_heads * config.d_head);
        let has_norms = config.layout().is_some_and(ExpertLayout::has_attention_norms);
        let norm = |d| has_norms.then(|| LlamaNorm::new(d, config.norm_eps, device));
        Self {
            q_proj: linear(config.d_model, d_query),
            k_proj: linear(config.d_model, d_key),
            v_proj: linear(config.d_model, d_key),
            o_proj: linear(d_query, config.d_model),
            q_norm: norm(d_query),
            k_norm: norm(d_key),
            d_head: config.d_head,
        }
    }

    /// Attends, showing the input of every linear to `observer`.
    ///
    /// # Shapes
    ///
    /// `[batch, n_tokens, d_model] -> [batch, n_tokens, d_model]`
    pub fn forward(&self, x: Tensor<3>, positions: &Rope, observer: &mut dyn Observer) -> Tensor<3> {
        let [batch, n_tokens, d_model] = x.dims();
        let x = merge_tokens(x);
        observer.observe(
            &[
                "self_attn.q_proj.weight",
                "self_attn.k_proj.weight",
                "self_attn.v_proj.weight",
            ],
            &x,
        );
        let heads = |y: Tensor<2>| {
            let n = y.dims()[1] / self.d_head;
            y.reshape([batch, n_tokens, n, self.d_head]).swap_dims(1, 2) // [batch, n, n_tokens, d_head]
        };
        let turn = |y: Tensor<4>| {
            let end = n_tokens;
            rope(
                y,
                positions.cos.clone().narrow(0, 0, end),
                positions.sin.clone().narrow(0, 0, end),
            )
        };
        let q = turn(heads(normalise(self.q_norm.as_ref(), project(&self.q_proj, x.clone()))));
        let k = turn(heads(normalise(self.k_norm.as_ref(), project(&self.k_proj, x.clone()))));
        let v = heads(project(&self.v_proj, x));
        let scale = 1.0 / (self.d_head as f64).sqrt();
        let mixed = causal_attention(q, k, v, scale); // [batch, n_heads, n_tokens, d_head]
        let n_heads = mixed.dims()[1];
        let mixed = mixed.swap_dims(1, 2).reshape([batch * n_tokens, n_heads * self.d_head]);
        observer.observe(&["self_attn.o_proj.weight"], &mixed);
        project(&self.o_proj, mixed).reshape([batch, n_tokens, d_model])
    }
}

/// Normalises `[n_tokens, d]`, where there is a norm.
fn normalise(norm: Option<&LlamaNorm>, x: Tensor<2>) -> Tensor<2> {
    match norm {
        Some(norm) => norm.forward(x.unsqueeze_dim(0)).squeeze_dim(0),
        None => x,
    }
}
