//! Splines on edges, and their derivatives, in both precisions.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex};
use burn::tensor::{DType, Element};
use pulp::bytemuck::Pod;

use super::tensor::{Primitive, dense, elements, from_vec};
use crate::kernels::real::Real;
use crate::kernels::spline::backward::{Wanted, backward};
use crate::kernels::spline::forward::forward;
use crate::kernels::spline::layer::{self as kernel, SplineWeights};
use crate::kernels::spline::terms::{Order, Splines};
use crate::spline_beyond::Beyond;

/// Numbers that both the loops and burn's storage know.
trait Number: Real + Element + Pod {}

impl Number for f32 {}
impl Number for f64 {}

/// Calls a generic function in the precision of a tensor that `takes_reals` has accepted.
macro_rules! in_precision_of {
    ($tensor:expr, $function:ident($($argument:expr),*)) => {
        match $tensor.dtype() {
            DType::F64 => $function::<f64>($($argument),*),
            _ => $function::<f32>($($argument),*),
        }
    };
}

/// The basis in the form of the loops, with the tensors that it borrows from.
#[derive(Debug, Clone)]
pub(super) struct Basis {
    pub(super) knots: Primitive,
    pub(super) degree: usize,
    pub(super) beyond: Beyond,
}

impl Basis {
    fn n_basis(&self) -> usize {
        self.knots.layout().shape()[1] - self.degree - 1
    }
}

/// The splines with these row-major knots.
fn splines<'a, T: Number>(knots: &'a Primitive, basis: &Basis) -> Splines<'a, T> {
    Splines {
        knots: elements(knots),
        n_knots: knots.layout().shape()[1],
        degree: basis.degree,
        beyond: basis.beyond,
    }
}

fn weights<'a, T: Number>(coefficients: &'a Primitive, base: &'a Primitive) -> SplineWeights<'a, T> {
    SplineWeights {
        coefficients: elements(coefficients),
        base: elements(base),
        d_output: base.layout().shape()[1],
    }
}

fn functions<T: Number>(x: &Primitive, basis: &Basis, order: Order) -> Vec<T> {
    let knots = dense(basis.knots.clone());
    let x = dense(x.clone());
    kernel::basis(splines(&knots, basis), elements(&x), order)
}

fn values<T: Number>(x: &Primitive, basis: &Basis) -> Primitive {
    let shape = [x.layout().shape()[0], x.layout().shape()[1], basis.n_basis()];
    from_vec(functions::<T>(x, basis, Order::Value), shape)
}

pub(super) fn basis_values(x: &Primitive, basis: &Basis) -> Primitive {
    in_precision_of!(x, values(x, basis))
}

/// Computes `sum_m grad[b, i, m] B'_m(x[b, i])`.
fn values_backward<T: Number>(grad: Primitive, (x, basis): &(Primitive, Basis)) -> Primitive {
    let grad = dense(grad);
    let shape = grad.layout().shape().clone();
    let slopes = functions::<T>(x, basis, Order::Slope);
    let mut of_x = vec![T::ZERO; shape[0] * shape[1]];
    let pairs = elements::<T>(&grad)
        .chunks_exact(shape[2])
        .zip(slopes.chunks_exact(shape[2]));
    for (of_x, (grad, slopes)) in of_x.iter_mut().zip(pairs) {
        for (&grad, &slope) in grad.iter().zip(slopes) {
            *of_x += grad * slope;
        }
    }
    from_vec(of_x, [shape[0], shape[1]])
}

#[derive(Debug)]
struct BasisValues;

impl Backward<Flex, 1> for BasisValues {
    type State = (Primitive, Basis);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node);
        let [node] = ops.parents;
        if let Some(node) = node {
            let of_x = in_precision_of!(grad, values_backward(grad, &ops.state));
            grads.register::<Flex>(node.id, of_x);
        }
    }
}

pub(super) fn basis_values_tracked<C: CheckpointStrategy>(
    x: FloatTensor<Autodiff<Flex, C>>,
    basis: Basis,
) -> FloatTensor<Autodiff<Flex, C>> {
    let prepared = BasisValues.prepare::<C>([x.node()]).compute_bound().stateful();
    let x = x.into_primitive();
    let out = basis_values(&x, &basis);
    match prepared {
        OpsKind::Tracked(prepared) => prepared.finish((x, basis), out),
        OpsKind::UnTracked(prepared) => prepared.finish(out),
    }
}

/// Tensors of a layer: the input, the coefficients, the weights of SiLU.
type Tensors = [Primitive; 3];

fn apply<T: Number>(tensors: Tensors, basis: &Basis) -> (Primitive, Tensors) {
    let knots = dense(basis.knots.clone());
    let tensors = tensors.map(dense);
    let [x, coefficients, base] = &tensors;
    let weights = weights(coefficients, base);
    let y = forward::<T>(splines(&knots, basis), elements(x), weights);
    let out = from_vec(y, [x.layout().shape()[0], weights.d_output]);
    (out, tensors)
}

pub(super) fn linear(tensors: Tensors, basis: &Basis) -> (Primitive, Tensors) {
    in_precision_of!(tensors[0], apply(tensors, basis))
}

fn apply_backward<T: Number>(grad: Primitive, (tensors, basis): &State, wanted: Wanted) -> [Option<Primitive>; 3] {
    let grad = dense(grad);
    let knots = dense(basis.knots.clone());
    let [x, coefficients, base] = tensors;
    let gradients = backward::<T>(
        splines(&knots, basis),
        elements(x),
        weights(coefficients, base),
        (elements(&grad), wanted),
    );
    [
        gradients.x.map(|of_x| from_vec(of_x, x.layout().shape().clone())),
        Some(from_vec(gradients.coefficients, coefficients.layout().shape().clone())),
        Some(from_vec(gradients.base, base.layout().shape().clone())),
    ]
}

type State = (Tensors, Basis);

#[derive(Debug)]
struct SplineLinear;

impl Backward<Flex, 3> for SplineLinear {
    type State = State;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node);
        // The input of a first layer is not tracked.
        let wanted = match ops.parents[0] {
            Some(_) => Wanted::WeightsAndInput,
            None => Wanted::Weights,
        };
        let gradients = in_precision_of!(grad, apply_backward(grad, &ops.state, wanted));
        for (node, gradient) in ops.parents.into_iter().zip(gradients) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<Flex>(node.id, gradient);
            }
        }
    }
}

pub(super) fn linear_tracked<C: CheckpointStrategy>(
    tensors: [FloatTensor<Autodiff<Flex, C>>; 3],
    basis: Basis,
) -> FloatTensor<Autodiff<Flex, C>> {
    let nodes = [tensors[0].node(), tensors[1].node(), tensors[2].node()];
    let prepared = SplineLinear.prepare::<C>(nodes).compute_bound().stateful();
    let tensors = tensors.map(FloatTensor::<Autodiff<Flex, C>>::into_primitive);
    let (out, tensors) = linear(tensors, &basis);
    match prepared {
        OpsKind::Tracked(prepared) => prepared.finish((tensors, basis), out),
        OpsKind::UnTracked(prepared) => prepared.finish(out),
    }
}
