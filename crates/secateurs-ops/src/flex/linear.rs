//! Matrix product and its derivative.

use burn::backend::Autodiff;
use burn::backend::Flex;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use faer::MatRef;

use super::tensor::{Primitive, as_lines, from_vec, matrix};
use crate::kernels::matmul::{par_product, rows_mut};

fn product(a: MatRef<'_, f32>, b: MatRef<'_, f32>) -> Primitive {
    let (rows, columns) = (a.nrows(), b.ncols());
    let mut out = vec![0.0; rows * columns];
    par_product(rows_mut(&mut out, rows, columns), a, b);
    from_vec(out, [rows, columns])
}

pub(super) fn forward(x: Primitive, w: Primitive) -> Primitive {
    let (x, w) = (as_lines(x), as_lines(w));
    product(matrix(&x), matrix(&w))
}

#[derive(Debug)]
struct Linear;

impl Backward<Flex, 2> for Linear {
    type State = (Primitive, Primitive);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (x, w) = ops.state;
        let grad = as_lines(grads.consume::<Flex>(&ops.node));
        let [node_x, node_w] = ops.parents;
        if let Some(node) = node_x {
            grads.register::<Flex>(node.id, product(matrix(&grad), matrix(&w).transpose()));
        }
        if let Some(node) = node_w {
            grads.register::<Flex>(node.id, product(matrix(&x).transpose(), matrix(&grad)));
        }
    }
}

pub(super) fn tracked<C: CheckpointStrategy>(
    x: FloatTensor<Autodiff<Flex, C>>,
    w: FloatTensor<Autodiff<Flex, C>>,
) -> FloatTensor<Autodiff<Flex, C>> {
    let prepared = Linear.prepare::<C>([x.node(), w.node()]).compute_bound().stateful();
    let (x, w) = (as_lines(x.into_primitive()), as_lines(w.into_primitive()));
    let out = product(matrix(&x), matrix(&w));
    match prepared {
        OpsKind::Tracked(prepared) => prepared.finish((x, w), out),
        OpsKind::UnTracked(prepared) => prepared.finish(out),
    }
}
