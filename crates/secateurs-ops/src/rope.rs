//! Rotary position embedding.

use burn::tensor::Tensor;

use crate::fused_or_plain;

/// Rotates the pairs `(x_i, x_{i + d_head/2})` of each head by the angle of the token.
///
/// For `i < d_head / 2`, `y_i = x_i cos_i - x_{i + d_head/2} sin_i` and
/// `y_{i + d_head/2} = x_{i + d_head/2} cos_i + x_i sin_i`. This is the half-split layout ("rotate half") of the
/// Hugging Face checkpoints, not the interleaved one of the paper.
///
/// `cos` and `sin` are constants: no gradient flows to them.
///
/// # Shapes
///
/// `x`: `[batch, n_heads, n_tokens, d_head]`, `cos` and `sin`: `[n_tokens, d_head / 2]`; result like `x`.
///
/// # Panics
///
/// If `d_head` is odd or the shapes do not match.
///
/// # Examples
///
/// ```
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let x = Tensor::<4>::from_floats([[[[1.0, 2.0, 3.0, 4.0]]]], &device);
/// let cos = Tensor::<2>::from_floats([[0.0, 1.0]], &device); // a quarter turn and none
/// let sin = Tensor::<2>::from_floats([[1.0, 0.0]], &device);
/// let y: Vec<f32> = secateurs_ops::rope(x, cos, sin).into_data().iter().collect();
/// assert_eq!(y, [-3.0, 2.0, 1.0, 4.0]);
/// ```
///
/// # References
///
/// Su et al., *RoFormer*, 2021, equation 34, arXiv:2104.09864.
/// **Deviates:** pairs lie `d_head / 2` apart instead of side by side.
pub fn rope(x: Tensor<4>, cos: Tensor<2>, sin: Tensor<2>) -> Tensor<4> {
    let [_, _, n_tokens, d_head] = x.dims();
    assert_eq!(d_head % 2, 0, "rope: d_head is odd");
    assert_eq!(
        cos.dims(),
        [n_tokens, d_head / 2],
        "rope: cos is not [n_tokens, d_head / 2]"
    );
    assert_eq!(sin.dims(), cos.dims(), "rope: shapes of cos and sin differ");
    fused_or_plain!(rope(x, cos, sin))
}
