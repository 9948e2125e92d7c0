//! Causal attention and its derivative.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex};

use super::tensor::{Primitive, as_heads, from_vec, heads};
use crate::kernels::{attention, attention_backward};

/// The inputs of one attention.
#[derive(Clone, Debug)]
pub(super) struct Attention {
    q: Primitive,
    k: Primitive,
    v: Primitive,
    scale: f64,
}

impl Attention {
    pub(super) fn new(q: Primitive, k: Primitive, v: Primitive, scale: f64) -> Self {
        Self {
            q: as_heads(q),
            k: as_heads(k),
            v: as_heads(v),
            scale,
        }
    }

    fn inputs(&self) -> attention::Inputs<'_> {
        let [q, k, v] = [&self.q, &self.k, &self.v].map(heads);
        attention::Inputs {
            q,
            k,
            v,
            scale: self.scale as f32,
            n_before: 0,
        }
    }

    /// The attended values and the logarithms of the softmax denominators.
    ///
    /// The values lie in memory as `[batch, n_tokens, n_heads, d_head]`, so that joining the heads copies nothing.
    pub(super) fn forward(&self) -> (Primitive, Vec<f32>) {
        let [batch, n_heads, n_tokens, d_head] = self.inputs().q.dims();
        let attention::Attended { out, log_sum_exp } = attention::forward(self.inputs());
        let out = from_vec(out, [batch, n_tokens, n_heads, d_head]);
        (Flex::float_swap_dims(out, 1, 2), log_sum_exp)
    }

    fn backward(&self, out: &Primitive, log_sum_exp: &[f32], grad: &Primitive) -> [Primitive; 3] {
        let outcome = attention_backward::Outcome {
            out: heads(out),
            log_sum_exp,
            grad: heads(grad),
        };
        let derivatives = attention_backward::backward(self.inputs(), outcome);
        [
            from_vec(derivatives.q, self.q.layout().shape().clone()),
            from_vec(derivatives.k, self.k.layout().shape().clone()),
            from_vec(derivatives.v, self.v.layout().shape().clone()),
        ]
    }
}

#[derive(Debug)]
struct CausalAttention;

impl Backward<Flex, 3> for CausalAttention {
    type State = (Attention, Primitive, Vec<f32>);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (attention, out, log_sum_exp) = ops.state;
        let grad = as_heads(grads.consume::<Flex>(&ops.node));
        let derivatives = attention.backward(&out, &log_sum_exp, &grad);
        for (node, derivative) in ops.parents.into_iter().zip(derivatives) {
            if let Some(node) = node {
                grads.register::<Flex>(node.id, derivative);
            }
        }
    }
}

pub(super) fn tracked<C: CheckpointStrategy>(
    q: FloatTensor<Autodiff<Flex, C>>,
    k: FloatTensor<Autodiff<Flex, C>>,
    v: FloatTensor<Autodiff<Flex, C>>,
    scale: f64,
) -> FloatTensor<Autodiff<Flex, C>> {
    let prepared = CausalAttention
        .prepare::<C>([q.node(), k.node(), v.node()])
        .compute_bound()
        .stateful();
    let attention = Attention::new(q.into_primitive(), k.into_primitive(), v.into_primitive(), scale);
    let (out, log_sum_exp) = attention.forward();
    match prepared {
        OpsKind::Tracked(prepared) => prepared.finish((attention, out.clone(), log_sum_exp), out),
        OpsKind::UnTracked(prepared) => prepared.finish(out),
    }
}
