//! Functions of logits that neither saturate nor underflow.

use burn::tensor::{DType, FloatDType, Tensor, activation};

/// Raises the tensor to single precision if it has less: half precision ends at 65,504 and distinguishes no sigmoids
/// above 8.
pub(crate) fn wide<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    match tensor.dtype() {
        DType::F64 | DType::F32 => tensor,
        _ => tensor.cast(FloatDType::F32),
    }
}

/// The softmax over a dimension, in at least single precision.
pub(super) fn softmax(logits: Tensor<2>, dimension: usize) -> Tensor<2> {
    activation::softmax(wide(logits), dimension)
}

/// The logarithm of the sigmoid, `ln sigmoid(z) = -m - ln(exp(-m) + exp(-z - m))` with `m = max(-z, 0)`, in at least
/// single precision.
///
/// No exponent is above 0 and one is 0, so that values and gradients, `sigmoid(-z)`, are finite for all finite logits.
pub(super) fn log_sigmoid(logits: Tensor<2>) -> Tensor<2> {
    let logits = wide(logits);
    let shift = logits.clone().detach().neg().clamp_min(0.0);
    let sum = shift.clone().neg().exp() + (logits + shift.clone()).neg().exp();
    sum.log().neg() - shift
}
