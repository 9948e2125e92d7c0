//! Causal attention with grouped queries.

use burn::tensor::Tensor;

use crate::fused_or_plain;

/// Attends causally: `y_t = sum_{s <= t} softmax_s(scale * q_t . k_s) v_s` in each head.
///
/// Query head `h` reads key and value head `h / (n_heads / n_kv_heads)` (grouped-query attention).
///
/// # Shapes
///
/// `q`: `[batch, n_heads, n_tokens, d_head]`, `k` and `v`: `[batch, n_kv_heads, n_tokens, d_head]`; result like `q`.
///
/// On the fused path the result lies in memory as `[batch, n_tokens, n_heads, d_head]`: `swap_dims(1, 2)` and a reshape
/// to `[batch, n_tokens, n_heads * d_head]` copy nothing. The scores exist one tile at a time, forwards and backwards.
///
/// # Panics
///
/// If `n_kv_heads` does not divide `n_heads` or the shapes do not match.
///
/// # Examples
///
/// ```
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let q = Tensor::<4>::from_floats([[[[1.0], [1.0]]]], &device); // two tokens, d_head 1
/// let k = Tensor::<4>::from_floats([[[[0.0], [3.0f32.ln()]]]], &device); // weights 1 : 3
/// let v = Tensor::<4>::from_floats([[[[4.0], [8.0]]]], &device);
/// let y: Vec<f32> = secateurs_ops::causal_attention(q, k, v, 1.0).into_data().iter().collect();
/// assert!((y[0] - 4.0).abs() < 1e-6 && (y[1] - 7.0).abs() < 1e-5);
/// ```
///
/// # References
///
/// Dao, *FlashAttention-2*, 2023, algorithms 1 and 2, arXiv:2307.08691; Ainslie et al., *GQA*, 2023, arXiv:2305.13245.
pub fn causal_attention(q: Tensor<4>, k: Tensor<4>, v: Tensor<4>, scale: f64) -> Tensor<4> {
    let [batch, n_heads, n_tokens, d_head] = q.dims();
    let n_kv_heads = k.dims()[1];
    assert_eq!(
        n_heads % n_kv_heads,
        0,
        "causal_attention: n_kv_heads does not divide n_heads"
    );
    assert_eq!(
        k.dims(),
        [batch, n_kv_heads, n_tokens, d_head],
        "causal_attention: shapes of q and k do not match"
    );
    assert_eq!(v.dims(), k.dims(), "causal_attention: shapes of k and v differ");
    fused_or_plain!(causal_attention(q, k, v; scale))
}
