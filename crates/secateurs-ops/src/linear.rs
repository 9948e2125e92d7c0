//! Matrix product of activations and a weight.

use burn::tensor::Tensor;

use crate::fused_or_plain;

/// Applies a linear map without bias: `y = x w`.
///
/// Either tensor may be a transposed view; no copy is made of it.
///
/// # Shapes
///
/// `x`: `[n_tokens, d_input]`, `w`: `[d_input, d_output]`; result `[n_tokens, d_output]`.
///
/// # Panics
///
/// If the inner dimensions differ.
///
/// # Examples
///
/// ```
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let x = Tensor::<2>::from_floats([[1.0, 2.0]], &device);
/// let w = Tensor::<2>::from_floats([[3.0, 4.0, 0.0], [5.0, 6.0, 1.0]], &device);
/// let y: Vec<f32> = secateurs_ops::linear(x, w).into_data().iter().collect();
/// assert_eq!(y, [13.0, 16.0, 2.0]);
/// ```
pub fn linear(x: Tensor<2>, w: Tensor<2>) -> Tensor<2> {
    assert_eq!(x.dims()[1], w.dims()[0], "linear: d_input of x and w differ");
    fused_or_plain!(linear(x, w))
}
