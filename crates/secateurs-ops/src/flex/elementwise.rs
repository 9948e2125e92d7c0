//! Gating, normalisation and rotation, and their derivatives.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex};

use super::tensor::{Primitive, as_heads, dense, elements, from_vec, heads, owned};
use crate::kernels::{rms_norm as norm, rope as rotation, swiglu as gating};

pub(super) fn swiglu(gate: Primitive, up: Primitive) -> Primitive {
    let (mut gate, up) = (owned(gate), dense(up));
    gating::forward(gate.storage_mut(), elements(&up));
    gate
}

#[derive(Debug)]
struct Swiglu;

impl Backward<Flex, 2> for Swiglu {
    type State = (Primitive, Primitive);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (gate, up) = ops.state;
        let (mut gate, mut up) = (owned(gate), owned(up));
        let grad = dense(grads.consume::<Flex>(&ops.node));
        gating::backward(gate.storage_mut(), up.storage_mut(), elements(&grad));
        for (node, derivative) in ops.parents.into_iter().zip([gate, up]) {
            if let Some(node) = node {
                grads.register::<Flex>(node.id, derivative);
            }
        }
    }
}

pub(super) fn swiglu_tracked<C: CheckpointStrategy>(
    gate: FloatTensor<Autodiff<Flex, C>>,
    up: FloatTensor<Autodiff<Flex, C>>,
) -> FloatTensor<Autodiff<Flex, C>> {
    match Swiglu.prepare::<C>([gate.node(), up.node()]).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => {
            let (gate, up) = (gate.into_primitive(), up.into_primitive());
            let out = swiglu(gate.clone(), up.clone());
            prepared.finish((gate, up), out)
        }
        OpsKind::UnTracked(prepared) => prepared.finish(swiglu(gate.into_primitive(), up.into_primitive())),
    }
}

pub(super) fn rms_norm(x: Primitive, weight: Primitive, eps: f64) -> Primitive {
    let (mut x, weight) = (owned(x), dense(weight));
    norm::forward(x.storage_mut(), elements(&weight), eps as f32);
    x
}

#[derive(Debug)]
struct RmsNorm;

impl Backward<Flex, 2> for RmsNorm {
    type State = (Primitive, Primitive, f64);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (x, weight, eps) = ops.state;
        let mut grad = owned(grads.consume::<Flex>(&ops.node));
        let d_weight = norm::backward(elements(&x), elements(&weight), eps as f32, grad.storage_mut());
        let d_weight = from_vec(d_weight, weight.layout().shape().clone());
        for (node, derivative) in ops.parents.into_iter().zip([grad, d_weight]) {
            if let Some(node) = node {
                grads.register::<Flex>(node.id, derivative);
            }
        }
    }
}

pub(super) fn rms_norm_tracked<C: CheckpointStrategy>(
    x: FloatTensor<Autodiff<Flex, C>>,
    weight: FloatTensor<Autodiff<Flex, C>>,
    eps: f64,
) -> FloatTensor<Autodiff<Flex, C>> {
    let prepared = RmsNorm
        .prepare::<C>([x.node(), weight.node()])
        .compute_bound()
        .stateful();
    let (x, weight) = (dense(x.into_primitive()), dense(weight.into_primitive()));
    let out = rms_norm(x.clone(), weight.clone(), eps);
    match prepared {
        OpsKind::Tracked(prepared) => prepared.finish((x, weight, eps), out),
        OpsKind::UnTracked(prepared) => prepared.finish(out),
    }
}

/// Rotates by the angles, forwards if `direction` is 1 and backwards if it is -1.
pub(super) fn rope(x: Primitive, cos: Primitive, sin: Primitive, direction: f32) -> Primitive {
    let (x, cos, sin) = (as_heads(x), dense(cos), dense(sin));
    let angles = rotation::Angles {
        cos: elements(&cos),
        sin: elements(&sin),
        direction,
    };
    from_vec(rotation::rotate(heads(&x), angles), x.layout().shape().clone())
}

#[derive(Debug)]
struct Rope;

impl Backward<Flex, 1> for Rope {
    type State = (Primitive, Primitive);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (cos, sin) = ops.state;
        let grad = grads.consume::<Flex>(&ops.node);
        let [node] = ops.parents;
        if let Some(node) = node {
            grads.register::<Flex>(node.id, rope(grad, cos, sin, -1.0));
        }
    }
}

pub(super) fn rope_tracked<C: CheckpointStrategy>(
    x: FloatTensor<Autodiff<Flex, C>>,
    cos: Primitive,
    sin: Primitive,
) -> FloatTensor<Autodiff<Flex, C>> {
    let prepared = Rope.prepare::<C>([x.node()]).compute_bound().stateful();
    let out = rope(x.into_primitive(), cos.clone(), sin.clone(), 1.0);
    match prepared {
        OpsKind::Tracked(prepared) => prepared.finish((cos, sin), out),
        OpsKind::UnTracked(prepared) => prepared.finish(out),
    }
}
