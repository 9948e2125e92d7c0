//! RMSNorm with its weight.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

/// Root-mean-square normalisation: `y_j = x_j / sqrt(mean_k x_k^2 + eps) * weight_j`.
#[derive(Module, Debug)]
pub struct LlamaNorm {
    /// `[d]`
    pub weight: Param<Tensor<1>>,
    eps: f64,
}

impl LlamaNorm {
    /// A norm with a weight of ones.
    pub fn new(d: usize, eps: f64, device: &Device) -> Self {
        Self {
            weight: Param::from_tensor(Tensor::ones([d], device)),
            eps,
        }
    }

    /// Normalises the last axis.
    ///
    /// # Shapes
    ///
    /// `[batch, n_tokens, d] -> [batch, n_tokens, d]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        secateurs_ops::rms_norm(x, self.weight.val(), self.eps)
    }
}
