//! Root-mean-square normalisation.

use burn::tensor::Tensor;

use crate::fused_or_plain;

/// Normalises by the root mean square of the features: `y_i = w_i x_i / sqrt(mean_j x_j^2 + eps)`.
///
/// # Shapes
///
/// `x`: `[batch, n_tokens, d_model]`, `weight`: `[d_model]`; result like `x`.
///
/// # Panics
///
/// If the length of `weight` is not `d_model`.
///
/// # Examples
///
/// ```
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let x = Tensor::<3>::from_floats([[[1.0, 7.0]]], &device); // mean square 25
/// let weight = Tensor::<1>::from_floats([1.0, 10.0], &device);
/// let y: Vec<f32> = secateurs_ops::rms_norm(x, weight, 0.0).into_data().iter().collect();
/// assert!((y[0] - 0.2).abs() < 1e-6 && (y[1] - 14.0).abs() < 1e-5);
/// ```
///
/// # References
///
/// Zhang and Sennrich, *Root Mean Square Layer Normalization*, 2019, equation 4, arXiv:1910.07467.
/// **Deviates:** `eps` under the root, as in Llama.
pub fn rms_norm(x: Tensor<3>, weight: Tensor<1>, eps: f64) -> Tensor<3> {
    assert_eq!(
        x.dims()[2],
        weight.dims()[0],
        "rms_norm: d_model of x and weight differ"
    );
    fused_or_plain!(rms_norm(x, weight; eps))
}
