//! The gated activation of Llama's feed-forward layer.

use burn::tensor::Tensor;

use crate::fused_or_plain;

/// Gates `up` by the SiLU of `gate`: `y = gate / (1 + exp(-gate)) * up`, element by element.
///
/// # Shapes
///
/// `gate` and `up` have one shape, which is the shape of the result.
///
/// # Panics
///
/// If the shapes differ.
///
/// # Examples
///
/// ```
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::default();
/// let gate = Tensor::<1>::from_floats([0.0, 3.0f32.ln()], &device); // sigmoid 1/2 and 3/4
/// let up = Tensor::<1>::from_floats([5.0, 4.0], &device);
/// let y: Vec<f32> = secateurs_ops::swiglu(gate, up).into_data().iter().collect();
/// assert_eq!(y[0], 0.0);
/// assert!((y[1] - 3.0 * 3.0f32.ln()).abs() < 1e-6);
/// ```
///
/// # References
///
/// Shazeer, *GLU Variants Improve Transformer*, 2020, equation 6, arXiv:2002.05202.
pub fn swiglu<const D: usize>(gate: Tensor<D>, up: Tensor<D>) -> Tensor<D> {
    assert_eq!(gate.dims(), up.dims(), "swiglu: shapes of gate and up differ");
    fused_or_plain!(swiglu(gate, up))
}
