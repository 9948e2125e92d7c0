//! The forward loops on slices, for programs that run without burn.

use crate::kernels::attention::{self, Inputs};
use crate::kernels::heads::Heads;
use crate::kernels::{rms_norm as norm, softmax as weights, swiglu as gate};

/// Normalises every vector of `x`: `x_j = x_j / sqrt(mean_k x_k^2 + eps) * weight_j`.
///
/// # Shapes
///
/// `x [n_vectors, weight.len()]`
///
/// # Panics
///
/// If `weight` is empty.
pub fn rms_norm(x: &mut [f32], weight: &[f32], eps: f32) {
    norm::forward(x, weight, eps);
}

/// Gates every element: `gate_j = gate_j / (1 + exp(-gate_j)) * up_j`.
pub fn swiglu(gate: &mut [f32], up: &[f32]) {
    gate::forward(gate, up);
}

/// Replaces a vector by its softmax: `x_j = exp(x_j) / sum_k exp(x_k)`.
///
/// # Examples
///
/// ```
/// let mut x = [0.0, 0.0, f32::NEG_INFINITY];
/// secateurs_ops::slices::softmax(&mut x);
/// assert!((x[0] - 0.5).abs() < 1e-6 && x[2] < 1e-30);
/// ```
pub fn softmax(x: &mut [f32]) {
    weights::softmax(x);
}

/// The negative log-likelihood of a target: `ln(sum_j exp(logits_j)) - logits_target`.
///
/// # Panics
///
/// If there is no such target.
pub fn cross_entropy(logits: &[f32], target: usize) -> f32 {
    weights::log_sum_exp(logits) - logits[target]
}

/// Rotates the pairs `(x_i, x_{i + d/2})` of every vector by the angles with these cosines and sines.
///
/// # Shapes
///
/// `x [n_vectors, d]`, `cos` and `sin` `[d / 2]`.
pub fn rope(x: &mut [f32], cos: &[f32], sin: &[f32]) {
    for vector in x.chunks_exact_mut(2 * cos.len()) {
        let (first, second) = vector.split_at_mut(cos.len());
        for ((a, b), (cos, sin)) in first.iter_mut().zip(second).zip(cos.iter().zip(sin)) {
            (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
        }
    }
}

/// Queries of consecutive tokens, and the keys and values of all tokens up to the last query's.
#[derive(Debug, Clone, Copy)]
pub struct Attention<'a> {
    /// Queries, `[n_tokens, n_heads, d_head]`.
    pub q: &'a [f32],
    /// Keys, `[n_kv_heads, n_keys, d_head]`; the last `n_tokens` belong to the queries' tokens.
    pub k: &'a [f32],
    /// Values, shaped as the keys.
    pub v: &'a [f32],
    /// Number of key and value heads, a divisor of `n_heads`.
    pub n_kv_heads: usize,
    /// Number of query heads, a multiple of `n_kv_heads`.
    pub n_heads: usize,
    /// Width of a head.
    pub d_head: usize,
}

/// Causal attention, `softmax(q k^T / sqrt(d_head)) v` over the keys up to each query's own; the result is
/// `[n_tokens, n_heads, d_head]`.
///
/// # Panics
///
/// If the lengths do not fit the numbers of heads, or there are fewer keys than queries.
pub fn causal_attention(attention: Attention<'_>) -> Vec<f32> {
    let Attention {
        q,
        k,
        v,
        n_kv_heads,
        n_heads,
        d_head,
    } = attention;
    let n_tokens = q.len() / (n_heads * d_head);
    let n_keys = k.len() / (n_kv_heads * d_head);
    assert_eq!(
        (q.len(), k.len()),
        (n_tokens * n_heads * d_head, n_keys * n_kv_heads * d_head)
    );
    assert_eq!(k.len(), v.len());
    let of_keys = |data| {
        Heads::new(
            data,
            [1, n_kv_heads, n_keys, d_head],
            [k.len(), n_keys * d_head, d_head],
        )
    };
    let inputs = Inputs {
        q: Heads::new(q, [1, n_heads, n_tokens, d_head], [q.len(), d_head, n_heads * d_head]),
        k: of_keys(k),
        v: of_keys(v),
        scale: 1.0 / (d_head as f32).sqrt(),
        n_before: n_keys.checked_sub(n_tokens).expect("every query has its own key"),
    };
    attention::forward(inputs).out
}
