//! The plain formulations: burn tensor operations only, on any backend and element type.
//!
//! Every fused operation falls back to its namesake here when the tensors are not `f32` tensors of the flex backend,
//! and is tested against it, values and gradients.

mod spline;

pub use spline::{spline_basis, spline_linear};

use burn::tensor::{Bool, Int, Tensor, activation};

/// Rows of logits that [`linear_cross_entropy`] holds at a time.
pub(crate) const TOKENS_PER_CHUNK: usize = 128;

/// See [`linear`](crate::linear).
pub fn linear(x: Tensor<2>, w: Tensor<2>) -> Tensor<2> {
    x.matmul(w)
}

/// See [`split_rows`](crate::split_rows). Cut by halves, so that the derivative costs a pass for each doubling of the
/// number of parts.
pub fn split_rows(x: Tensor<2>, lengths: &[usize]) -> Vec<Tensor<2>> {
    if lengths.len() <= 1 {
        return lengths.iter().map(|_| x.clone()).collect();
    }
    let (first, second) = lengths.split_at(lengths.len() / 2);
    let [n_first, n_second] = [first, second].map(|lengths| lengths.iter().sum());
    let mut parts = split_rows(x.clone().narrow(0, 0, n_first), first);
    parts.extend(split_rows(x.narrow(0, n_first, n_second), second));
    parts
}

/// See [`rms_norm`](crate::rms_norm).
pub fn rms_norm(x: Tensor<3>, weight: Tensor<1>, eps: f64) -> Tensor<3> {
    let mean_square = x.clone().powi_scalar(2).mean_dim(2);
    x / (mean_square + eps).sqrt() * weight.unsqueeze()
}

/// See [`swiglu`](crate::swiglu).
pub fn swiglu<const D: usize>(gate: Tensor<D>, up: Tensor<D>) -> Tensor<D> {
    activation::silu(gate) * up
}

/// See [`rope`](crate::rope).
pub fn rope(x: Tensor<4>, cos: Tensor<2>, sin: Tensor<2>) -> Tensor<4> {
    let half = x.dims()[3] / 2;
    let (cos, sin) = (cos.unsqueeze::<4>(), sin.unsqueeze::<4>());
    let first = x.clone().narrow(3, 0, half);
    let second = x.narrow(3, half, half);
    let rotated_first = first.clone() * cos.clone() - second.clone() * sin.clone();
    let rotated_second = second * cos + first * sin;
    Tensor::cat(vec![rotated_first, rotated_second], 3)
}

/// See [`causal_attention`](crate::causal_attention).
pub fn causal_attention(q: Tensor<4>, k: Tensor<4>, v: Tensor<4>, scale: f64) -> Tensor<4> {
    let [batch, n_heads, n_tokens, d_head] = q.dims();
    let n_kv_heads = k.dims()[1];
    let group = n_heads / n_kv_heads;
    let rows = [batch, n_kv_heads, group * n_tokens, d_head];
    let scores = q.reshape(rows).matmul(k.swap_dims(2, 3)) * scale;
    let scores = scores.reshape([batch, n_heads, n_tokens, n_tokens]);
    let future = Tensor::<2, Bool>::tril_mask([n_tokens, n_tokens], 0, &scores.device());
    let weights = activation::softmax(scores.mask_fill(future.unsqueeze(), f32::NEG_INFINITY), 3);
    let weights = weights.reshape([batch, n_kv_heads, group * n_tokens, n_tokens]);
    weights.matmul(v).reshape([batch, n_heads, n_tokens, d_head])
}

/// See [`cross_entropy`](crate::cross_entropy).
pub fn cross_entropy(logits: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    let n_tokens = logits.dims()[0];
    let log_probabilities = activation::log_softmax(logits, 1);
    -log_probabilities
        .gather(1, targets.reshape([n_tokens, 1]))
        .reshape([n_tokens])
}

/// See [`linear_cross_entropy`](crate::linear_cross_entropy).
pub fn linear_cross_entropy(hidden: Tensor<2>, head: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    let n_tokens = hidden.dims()[0];
    let head = head.swap_dims(0, 1); // [d_model, vocab]
    let chunk = |start: usize| {
        let n = TOKENS_PER_CHUNK.min(n_tokens - start);
        let logits = hidden.clone().narrow(0, start, n).matmul(head.clone());
        cross_entropy(logits, targets.clone().narrow(0, start, n))
    };
    Tensor::cat((0..n_tokens).step_by(TOKENS_PER_CHUNK).map(chunk).collect(), 0)
}
