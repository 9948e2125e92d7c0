#![doc = include_str!("../README.md")]

#[cfg(feature = "tensors")]
mod attention;
#[cfg(feature = "tensors")]
mod cross_entropy;
#[cfg(feature = "flex")]
mod flex;
#[cfg(feature = "slices")]
mod kernels;
#[cfg(feature = "slices")]
pub mod lanes;
#[cfg(feature = "tensors")]
mod linear;
#[cfg(feature = "tensors")]
pub mod plain;
#[cfg(feature = "tensors")]
mod rms_norm;
#[cfg(feature = "tensors")]
mod rope;
#[cfg(feature = "slices")]
pub mod slices;
#[cfg(feature = "tensors")]
mod spline;
#[cfg(feature = "tensors")]
mod spline_basis;
mod spline_beyond;
#[cfg(feature = "tensors")]
mod split;
#[cfg(feature = "tensors")]
mod swiglu;

#[cfg(feature = "tensors")]
pub use {
    attention::causal_attention,
    cross_entropy::{cross_entropy, linear_cross_entropy},
    linear::linear,
    rms_norm::rms_norm,
    rope::rope,
    spline::{spline_basis, spline_linear},
    spline_basis::{Beyond, MAX_DEGREE, SplineBasis, SplineWeights},
    split::split_rows,
    swiglu::swiglu,
};

/// Runs the fused operation where it exists, and the plain formulation elsewhere.
#[cfg(feature = "tensors")]
macro_rules! fused_or_plain {
    ($operation:ident($tensor:ident $(, $tensors:ident)* $(; $number:ident)?)) => {{
        #[cfg(feature = "flex")]
        if crate::flex::takes(&$tensor) {
            use crate::flex::CpuOps;
            let out = <burn::backend::Dispatch as CpuOps>::$operation(
                $tensor.into_dispatch() $(, $tensors.into_dispatch())* $(, $number)?
            );
            return Tensor::from_dispatch(out);
        }
        crate::plain::$operation($tensor $(, $tensors)* $(, $number)?)
    }};
}
#[cfg(feature = "tensors")]
pub(crate) use fused_or_plain;
