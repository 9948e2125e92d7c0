//! Rows of a matrix whose derivative is added in place.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::backend::Autodiff;
use burn::backend::Flex;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;

use super::tensor::{Primitive, dense, elements, from_vec, owned};

/// A range of rows of a matrix.
#[derive(Debug, Clone)]
pub(crate) struct RowRange {
    pub(crate) start: usize,
    pub(crate) length: usize,
    /// Whether a part of the same matrix has added its derivative; shared by all parts.
    pub(crate) begun: Arc<AtomicBool>,
}

/// Rows `start..start + length` of a matrix `[n_rows, d]`.
pub(super) fn forward(x: Primitive, range: &RowRange) -> Primitive {
    let x = dense(x);
    let d = x.layout().shape()[1];
    let rows = elements::<f32>(&x)[range.start * d..][..range.length * d].to_vec();
    from_vec(rows, [range.length, d])
}

#[derive(Debug)]
struct Rows;

impl Backward<Flex, 1> for Rows {
    type State = (RowRange, [usize; 2]);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (range, [n_rows, d]) = ops.state;
        let grad = dense(grads.consume::<Flex>(&ops.node));
        let [Some(parent)] = ops.parents else { return };
        // A tensor on the way gives its derivative away when asked, so it can be added to in place and put back; a leaf
        // keeps it, and then parts are summed as whole matrices.
        let is_leaf = parent.parents.is_empty();
        let sum = if !is_leaf && range.begun.swap(true, Ordering::Relaxed) {
            grads.consume::<Flex>(&parent)
        } else {
            from_vec(vec![0.0f32; n_rows * d], [n_rows, d])
        };
        grads.register::<Flex>(parent.id, add_part(sum, &grad, range.start * d));
    }
}

/// Adds `part` to the elements from `start` on.
fn add_part(sum: Primitive, part: &Primitive, start: usize) -> Primitive {
    let mut sum = owned(sum);
    let part = elements::<f32>(part);
    let target = &mut sum.storage_mut::<f32>()[start..][..part.len()];
    target.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    sum
}

pub(super) fn tracked<C: CheckpointStrategy>(
    x: FloatTensor<Autodiff<Flex, C>>,
    range: RowRange,
) -> FloatTensor<Autodiff<Flex, C>> {
    let prepared = Rows.prepare::<C>([x.node()]).compute_bound().stateful();
    let x = x.into_primitive();
    let dims = [x.layout().shape()[0], x.layout().shape()[1]];
    let out = forward(x, &range);
    match prepared {
        OpsKind::Tracked(prepared) => prepared.finish((range, dims), out),
        OpsKind::UnTracked(prepared) => prepared.finish(out),
    }
}
