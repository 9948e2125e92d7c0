//! Tokens of all sequences, one after another, through linears.

use burn::nn::Linear;
use burn::tensor::Tensor;

/// Applies a linear without bias.
pub(crate) fn project(linear: &Linear, x: Tensor<2>) -> Tensor<2> {
    secateurs_ops::linear(x, linear.weight.val())
}

/// `[batch, n_tokens, d] -> [batch * n_tokens, d]`
pub(crate) fn merge_tokens(x: Tensor<3>) -> Tensor<2> {
    let [batch, n_tokens, d] = x.dims();
    x.reshape([batch * n_tokens, d])
}
