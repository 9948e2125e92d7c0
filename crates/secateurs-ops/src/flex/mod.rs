//! The fused operations on the flex backend, connected to burn by its backend-extension API.

mod attention;
mod cross_entropy;
mod elementwise;
mod linear;
mod rows;
mod spline;
mod tensor;

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, Backend, DispatchDevice, Flex, backend_extension};
use burn::tensor::{DType, Tensor};

use crate::spline_beyond::Beyond;
use rows::RowRange;

/// Whether the fused operations accept this tensor: `f32` on flex, with or without autodiff, and not empty.
pub(crate) fn takes<const D: usize>(tensor: &Tensor<D>) -> bool {
    on_flex(tensor) && tensor.dtype() == DType::F32 && tensor.shape().num_elements() > 0
}

fn on_flex<const D: usize>(tensor: &Tensor<D>) -> bool {
    match tensor.device().as_dispatch() {
        DispatchDevice::Flex(_) => true,
        DispatchDevice::Autodiff(inner) => matches!(**inner, DispatchDevice::Flex(_)),
        #[allow(unreachable_patterns)]
        _ => false,
    }
}

/// Whether the fused operations that exist in both precisions accept this tensor.
pub(crate) fn takes_reals<const D: usize>(tensor: &Tensor<D>) -> bool {
    on_flex(tensor) && matches!(tensor.dtype(), DType::F32 | DType::F64) && tensor.shape().num_elements() > 0
}

/// The operations as burn dispatches them. The public functions of the crate call them only where [`takes`] holds.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait CpuOps: Backend {
    fn linear(x: FloatTensor<Self>, w: FloatTensor<Self>) -> FloatTensor<Self>;
    fn rms_norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, eps: f64) -> FloatTensor<Self>;
    fn swiglu(gate: FloatTensor<Self>, up: FloatTensor<Self>) -> FloatTensor<Self>;
    fn rope(x: FloatTensor<Self>, cos: FloatTensor<Self>, sin: FloatTensor<Self>) -> FloatTensor<Self>;
    fn causal_attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        scale: f64,
    ) -> FloatTensor<Self>;
    fn cross_entropy(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> FloatTensor<Self>;
    fn linear_cross_entropy(
        hidden: FloatTensor<Self>,
        head: FloatTensor<Self>,
        targets: IntTensor<Self>,
    ) -> FloatTensor<Self>;
    fn rows(x: FloatTensor<Self>, range: RowRange) -> FloatTensor<Self>;
}

impl CpuOps for Flex {
    fn linear(x: FloatTensor<Self>, w: FloatTensor<Self>) -> FloatTensor<Self> {
        linear::forward(x, w)
    }

    fn rms_norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, eps: f64) -> FloatTensor<Self> {
        elementwise::rms_norm(x, weight, eps)
    }

    fn swiglu(gate: FloatTensor<Self>, up: FloatTensor<Self>) -> FloatTensor<Self> {
        elementwise::swiglu(gate, up)
    }

    fn rope(x: FloatTensor<Self>, cos: FloatTensor<Self>, sin: FloatTensor<Self>) -> FloatTensor<Self> {
        elementwise::rope(x, cos, sin, 1.0)
    }

    fn causal_attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        scale: f64,
    ) -> FloatTensor<Self> {
        attention::Attention::new(q, k, v, scale).forward().0
    }

    fn cross_entropy(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> FloatTensor<Self> {
        cross_entropy::forward(logits, targets).0
    }

    fn linear_cross_entropy(
        hidden: FloatTensor<Self>,
        head: FloatTensor<Self>,
        targets: IntTensor<Self>,
    ) -> FloatTensor<Self> {
        cross_entropy::linear_forward(hidden, head, targets).0
    }

    fn rows(x: FloatTensor<Self>, range: RowRange) -> FloatTensor<Self> {
        rows::forward(x, &range)
    }
}

impl<C: CheckpointStrategy> CpuOps for Autodiff<Flex, C> {
    fn linear(x: FloatTensor<Self>, w: FloatTensor<Self>) -> FloatTensor<Self> {
        linear::tracked::<C>(x, w)
    }

    fn rms_norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, eps: f64) -> FloatTensor<Self> {
        elementwise::rms_norm_tracked::<C>(x, weight, eps)
    }

    fn swiglu(gate: FloatTensor<Self>, up: FloatTensor<Self>) -> FloatTensor<Self> {
        elementwise::swiglu_tracked::<C>(gate, up)
    }

    fn rope(x: FloatTensor<Self>, cos: FloatTensor<Self>, sin: FloatTensor<Self>) -> FloatTensor<Self> {
        elementwise::rope_tracked::<C>(x, cos.into_primitive(), sin.into_primitive())
    }

    fn causal_attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        scale: f64,
    ) -> FloatTensor<Self> {
        attention::tracked::<C>(q, k, v, scale)
    }

    fn cross_entropy(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> FloatTensor<Self> {
        cross_entropy::tracked::<C>(logits, targets)
    }

    fn linear_cross_entropy(
        hidden: FloatTensor<Self>,
        head: FloatTensor<Self>,
        targets: IntTensor<Self>,
    ) -> FloatTensor<Self> {
        cross_entropy::linear_tracked::<C>(hidden, head, targets)
    }

    fn rows(x: FloatTensor<Self>, range: RowRange) -> FloatTensor<Self> {
        rows::tracked::<C>(x, range)
    }
}

/// See [`split_rows`](crate::split_rows).
pub(crate) fn split_rows(x: Tensor<2>, lengths: &[usize]) -> Vec<Tensor<2>> {
    let begun = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut start = 0;
    let mut part = |length: usize| {
        let begun = begun.clone();
        let range = RowRange { start, length, begun };
        start += length;
        Tensor::from_dispatch(<burn::backend::Dispatch as CpuOps>::rows(
            x.clone().into_dispatch(),
            range,
        ))
    };
    lengths.iter().map(|&length| part(length)).collect()
}

/// Splines on edges, in `f32` or `f64`. The public functions call them only where [`takes_reals`] holds.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait SplineOps: Backend {
    fn spline_basis(x: FloatTensor<Self>, knots: FloatTensor<Self>, degree: usize, beyond: Beyond)
    -> FloatTensor<Self>;
    fn spline_linear(
        x: FloatTensor<Self>,
        knots: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        base: FloatTensor<Self>,
        degree: usize,
        beyond: Beyond,
    ) -> FloatTensor<Self>;
}

impl SplineOps for Flex {
    fn spline_basis(
        x: FloatTensor<Self>,
        knots: FloatTensor<Self>,
        degree: usize,
        beyond: Beyond,
    ) -> FloatTensor<Self> {
        let basis = spline::Basis { knots, degree, beyond };
        spline::basis_values(&x, &basis)
    }

    fn spline_linear(
        x: FloatTensor<Self>,
        knots: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        base: FloatTensor<Self>,
        degree: usize,
        beyond: Beyond,
    ) -> FloatTensor<Self> {
        let basis = spline::Basis { knots, degree, beyond };
        spline::linear([x, coefficients, base], &basis).0
    }
}

impl<C: CheckpointStrategy> SplineOps for Autodiff<Flex, C> {
    fn spline_basis(
        x: FloatTensor<Self>,
        knots: FloatTensor<Self>,
        degree: usize,
        beyond: Beyond,
    ) -> FloatTensor<Self> {
        let knots = knots.into_primitive();
        spline::basis_values_tracked::<C>(x, spline::Basis { knots, degree, beyond })
    }

    fn spline_linear(
        x: FloatTensor<Self>,
        knots: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        base: FloatTensor<Self>,
        degree: usize,
        beyond: Beyond,
    ) -> FloatTensor<Self> {
        let knots = knots.into_primitive();
        spline::linear_tracked::<C>([x, coefficients, base], spline::Basis { knots, degree, beyond })
    }
}
