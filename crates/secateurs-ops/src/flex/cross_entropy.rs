//! Cross entropy of logits, or of the product that makes them, and the derivatives.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, Flex, TensorMetadata};

use super::linear;
use super::tensor::{Primitive, as_lines, dense, elements, from_vec, indices, matrix, owned};
use crate::kernels::cross_entropy::{self, Losses};
use crate::kernels::linear_cross_entropy;

/// The softmax that turns derivatives of losses into derivatives of logits.
#[derive(Clone, Debug)]
pub(super) struct Softmax {
    targets: Vec<usize>,
    log_sum_exp: Vec<f32>,
}

fn finish(losses: Losses, targets: Vec<usize>) -> (Primitive, Softmax) {
    let loss = from_vec(losses.loss, [targets.len()]);
    (
        loss,
        Softmax {
            targets,
            log_sum_exp: losses.log_sum_exp,
        },
    )
}

pub(super) fn forward(logits: Primitive, targets: IntTensor<Flex>) -> (Primitive, Softmax) {
    let logits = dense(logits);
    let vocab = logits.layout().shape()[1];
    let targets = indices(targets, vocab);
    finish(cross_entropy::forward(elements(&logits), vocab, &targets), targets)
}

#[derive(Debug)]
struct CrossEntropy;

impl Backward<Flex, 1> for CrossEntropy {
    type State = (Primitive, Softmax);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (logits, Softmax { targets, log_sum_exp }) = ops.state;
        let mut logits = owned(logits);
        let grad = dense(grads.consume::<Flex>(&ops.node));
        cross_entropy::backward(logits.storage_mut(), &targets, &log_sum_exp, elements(&grad));
        let [node] = ops.parents;
        if let Some(node) = node {
            grads.register::<Flex>(node.id, logits);
        }
    }
}

pub(super) fn tracked<C: CheckpointStrategy>(
    logits: FloatTensor<Autodiff<Flex, C>>,
    targets: IntTensor<Flex>,
) -> FloatTensor<Autodiff<Flex, C>> {
    let prepared = CrossEntropy.prepare::<C>([logits.node()]).compute_bound().stateful();
    let logits = dense(logits.into_primitive());
    let (loss, softmax) = forward(logits.clone(), targets);
    match prepared {
        OpsKind::Tracked(prepared) => prepared.finish((logits, softmax), loss),
        OpsKind::UnTracked(prepared) => prepared.finish(loss),
    }
}

pub(super) fn linear_forward(hidden: Primitive, head: Primitive, targets: IntTensor<Flex>) -> (Primitive, Softmax) {
    let (hidden, head) = (as_lines(hidden), as_lines(head));
    let targets = indices(targets, head.layout().shape()[0]);
    let inputs = linear_cross_entropy::Inputs {
        hidden: matrix(&hidden),
        head: matrix(&head),
        targets: &targets,
    };
    let losses = linear_cross_entropy::forward(inputs);
    finish(losses, targets)
}

#[derive(Debug)]
struct LinearCrossEntropy;

impl Backward<Flex, 2> for LinearCrossEntropy {
    type State = (Primitive, Primitive, Softmax);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (hidden, head, Softmax { targets, log_sum_exp }) = ops.state;
        let grad = dense(grads.consume::<Flex>(&ops.node));
        let inputs = linear_cross_entropy::Inputs {
            hidden: matrix(&hidden),
            head: matrix(&head),
            targets: &targets,
        };
        let derivatives = linear_cross_entropy::backward(inputs, &log_sum_exp, elements(&grad));
        let shapes = [&hidden, &head].map(|tensor| tensor.layout().shape().clone());
        for ((node, derivative), shape) in ops
            .parents
            .into_iter()
            .zip([derivatives.hidden, derivatives.head])
            .zip(shapes)
        {
            if let Some(node) = node {
                grads.register::<Flex>(node.id, from_vec(derivative, shape));
            }
        }
    }
}

/// Largest number of logits (256 MB) that training keeps rather than computing them a second time.
const KEPT_LOGITS: usize = 64 << 20;

pub(super) fn linear_tracked<C: CheckpointStrategy>(
    hidden: FloatTensor<Autodiff<Flex, C>>,
    head: FloatTensor<Autodiff<Flex, C>>,
    targets: IntTensor<Flex>,
) -> FloatTensor<Autodiff<Flex, C>> {
    let n_logits = hidden.shape()[0] * head.shape()[0];
    if n_logits <= KEPT_LOGITS && (hidden.is_tracked() || head.is_tracked()) {
        let head = Autodiff::<Flex, C>::float_swap_dims(head, 0, 1);
        return tracked::<C>(linear::tracked::<C>(hidden, head), targets);
    }
    let prepared = LinearCrossEntropy
        .prepare::<C>([hidden.node(), head.node()])
        .compute_bound()
        .stateful();
    let (hidden, head) = (as_lines(hidden.into_primitive()), as_lines(head.into_primitive()));
    let (loss, softmax) = linear_forward(hidden.clone(), head.clone(), targets);
    match prepared {
        OpsKind::Tracked(prepared) => prepared.finish((hidden, head, softmax), loss),
        OpsKind::UnTracked(prepared) => prepared.finish(loss),
    }
}
