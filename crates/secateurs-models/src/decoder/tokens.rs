//! Linears applied to the tokens of all sequences at once.

use burn::nn::Linear;
use burn::tensor::Tensor;

/// Applies a linear without bias.
pub(crate) fn project(linear: &Linear, x: Tensor<2>) -> Tensor<2> {
    secateurs_ops::linear(x, linear.weight.val())
}

/// Merges the axes of sequences and tokens: `[batch, n_tokens, d] -> [batch * n_tokens, d]`.
pub(crate) fn merge_tokens(x: Tensor<3>) -> Tensor<2> {
    let [batch, n_tokens, d] = x.dims();
    x.reshape([batch * n_tokens, d])
}
