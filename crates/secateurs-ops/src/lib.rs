#![doc = include_str!("../README.md")]

mod attention;
mod cross_entropy;
#[cfg(feature = "flex")]
mod flex;
#[cfg(feature = "flex")]
mod kernels;
mod linear;
pub mod plain;
mod rms_norm;
mod rope;
mod swiglu;

pub use attention::causal_attention;
pub use cross_entropy::{cross_entropy, linear_cross_entropy};
pub use linear::linear;
pub use rms_norm::rms_norm;
pub use rope::rope;
pub use swiglu::swiglu;

/// Runs the fused operation where it exists, the plain formulation elsewhere.
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
pub(crate) use fused_or_plain;
