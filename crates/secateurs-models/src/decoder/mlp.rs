//! The SwiGLU layer.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use secateurs_data::llama::LlamaConfig;
use secateurs_tensor::Observer;

use super::tokens::{merge_tokens, project};

/// `down(silu(gate(x)) * up(x))`.
#[derive(Module, Debug)]
pub struct LlamaMlp {
    /// `d_model -> d_ffn`
    pub gate_proj: Linear,
    /// `d_model -> d_ffn`
    pub up_proj: Linear,
    /// `d_ffn -> d_model`
    pub down_proj: Linear,
}

impl LlamaMlp {
    /// A layer of the given shape with burn's default initialisation.
    pub fn new(config: &LlamaConfig, device: &Device) -> Self {
        let linear = |d_input, d_output| LinearConfig::new(d_input, d_output).with_bias(false).init(device);
        Self {
            gate_proj: linear(config.d_model, config.d_ffn),
            up_proj: linear(config.d_model, config.d_ffn),
            down_proj: linear(config.d_ffn, config.d_model),
        }
    }

    /// Applies the layer, showing the input of every linear to `observer`.
    ///
    /// # Shapes
    ///
    /// `[batch, n_tokens, d_model] -> [batch, n_tokens, d_model]`
    pub fn forward(&self, x: Tensor<3>, observer: &mut dyn Observer) -> Tensor<3> {
        let dims = x.dims();
        project(&self.down_proj, self.inner(x, observer)).reshape(dims)
    }

    /// The input of the last linear, `[batch * n_tokens, d_ffn]`, which the observer has seen as well.
    pub(crate) fn inner(&self, x: Tensor<3>, observer: &mut dyn Observer) -> Tensor<2> {
        let x = merge_tokens(x);
        observer.observe(&["mlp.gate_proj.weight", "mlp.up_proj.weight"], &x);
        let gate = project(&self.gate_proj, x.clone());
        let up = project(&self.up_proj, x);
        let inner = secateurs_ops::swiglu(gate, up);
        observer.observe(&["mlp.down_proj.weight"], &inner);
        inner
    }
}
