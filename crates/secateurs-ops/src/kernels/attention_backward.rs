//! The derivative of causal attention; the weights are computed again, block by block.

use std::ops::Range;

use faer::Accum;
use rayon::prelude::*;

use super::attention::{Inputs, KEYS, QUERIES, visible};
use super::heads::{Head, Heads};
use super::matmul::{product, rows, rows_mut};
use super::scalar::{exp, sum_zip};

/// Derivatives by queries `[batch, n_heads, n_tokens, d_head]`, keys and values `[batch, n_kv_heads, ..]`.
pub(crate) struct Gradients {
    pub(crate) q: Vec<f32>,
    pub(crate) k: Vec<f32>,
    pub(crate) v: Vec<f32>,
}

/// The results of the forward pass, as views `[batch, n_heads, n_tokens, d_head]`, and the derivative by them.
#[derive(Clone, Copy)]
pub(crate) struct Outcome<'a> {
    pub(crate) out: Heads<'a>,
    /// `[batch, n_tokens, n_heads]`.
    pub(crate) log_sum_exp: &'a [f32],
    pub(crate) grad: Heads<'a>,
}

/// Derives by all inputs; a task is one query head, and the heads of a group are summed in order.
pub(crate) fn backward(inputs: Inputs<'_>, outcome: Outcome<'_>) -> Gradients {
    let [batch, n_heads, n_tokens, d_head] = inputs.q.dims();
    let one_head = n_tokens * d_head;
    let mut gradients = [(); 3].map(|()| vec![0.0; batch * n_heads * one_head]);
    let [q, k, v] = &mut gradients;
    let heads = q
        .par_chunks_mut(one_head)
        .zip(k.par_chunks_mut(one_head))
        .zip(v.par_chunks_mut(one_head));
    heads.enumerate().with_max_len(1).for_each(|(i, ((q, k), v))| {
        let head = Head {
            batch: i / n_heads,
            head: i % n_heads,
        };
        HeadGradients { q, k, v, d_head }.fill(inputs, outcome, head);
    });
    let [q, k, v] = gradients;
    let group = inputs.group();
    Gradients {
        q,
        k: sum_groups(k, group, one_head),
        v: sum_groups(v, group, one_head),
    }
}

fn sum_groups(heads: Vec<f32>, group: usize, one_head: usize) -> Vec<f32> {
    if group == 1 {
        return heads;
    }
    let mut sums = vec![0.0; heads.len() / group];
    let groups = sums.par_chunks_mut(one_head).zip(heads.par_chunks(group * one_head));
    groups.for_each(|(sum, heads)| {
        for head in heads.chunks_exact(one_head) {
            sum.iter_mut().zip(head).for_each(|(sum, x)| *sum += x);
        }
    });
    sums
}

/// Derivatives of one query head, `[n_tokens, d_head]` each, zero at first.
struct HeadGradients<'a> {
    q: &'a mut [f32],
    k: &'a mut [f32],
    v: &'a mut [f32],
    d_head: usize,
}

/// The queries of a tile, with their derivatives and sums.
struct Tile<'a> {
    first_query: usize,
    /// Scaled queries, `[n_queries, d_head]`.
    queries: &'a [f32],
    /// Derivatives by the outputs, `[n_queries, d_head]`.
    grad: &'a [f32],
    log_sum_exp: &'a [f32],
    /// `sum_i out_i grad_i` of each query.
    projection: &'a [f32],
}

impl HeadGradients<'_> {
    fn fill(&mut self, inputs: Inputs<'_>, outcome: Outcome<'_>, head: Head) {
        let [_, n_heads, n_tokens, _] = inputs.q.dims();
        for start in (0..n_tokens).step_by(QUERIES) {
            let tokens = start..n_tokens.min(start + QUERIES);
            let (mut queries, mut grad) = (Vec::new(), Vec::new());
            inputs.q.gather(head, tokens.clone(), inputs.scale, &mut queries);
            outcome.grad.gather(head, tokens.clone(), 1.0, &mut grad);
            let project = |t| dot(outcome.out.vector(head, t), outcome.grad.vector(head, t));
            let position = |t| (head.batch * n_tokens + t) * n_heads + head.head;
            let tile = Tile {
                first_query: start,
                queries: &queries,
                grad: &grad,
                log_sum_exp: &tokens
                    .clone()
                    .map(|t| outcome.log_sum_exp[position(t)])
                    .collect::<Vec<_>>(),
                projection: &tokens.clone().map(project).collect::<Vec<_>>(),
            };
            self.add_tile(inputs, head, &tile, tokens);
        }
    }

    fn add_tile(&mut self, inputs: Inputs<'_>, head: Head, tile: &Tile<'_>, tokens: Range<usize>) {
        let kv = Head {
            head: head.head / inputs.group(),
            ..head
        };
        for first_key in (0..tokens.end).step_by(KEYS) {
            let keys = first_key..tokens.end.min(first_key + KEYS);
            self.add_block(inputs, kv, tile, keys);
        }
        let q = &mut self.q[tokens.start * self.d_head..tokens.end * self.d_head];
        q.iter_mut().for_each(|x| *x *= inputs.scale);
    }

    fn add_block(&mut self, inputs: Inputs<'_>, kv: Head, tile: &Tile<'_>, keys: Range<usize>) {
        let (n_queries, n_keys, d) = (tile.projection.len(), keys.len(), self.d_head);
        let (k, v) = (inputs.k.matrix(kv, keys.clone()), inputs.v.matrix(kv, keys.clone()));
        let (queries, grad) = (rows(tile.queries, n_queries, d), rows(tile.grad, n_queries, d));
        let mut weights = vec![0.0; n_queries * n_keys];
        let mut d_weights = vec![0.0; n_queries * n_keys];
        product(
            rows_mut(&mut weights, n_queries, n_keys),
            Accum::Replace,
            queries,
            k.transpose(),
        );
        product(
            rows_mut(&mut d_weights, n_queries, n_keys),
            Accum::Replace,
            grad,
            v.transpose(),
        );
        derive_softmax(&mut weights, &mut d_weights, keys.start, tile);

        let (weights, d_scores) = (rows(&weights, n_queries, n_keys), rows(&d_weights, n_queries, n_keys));
        let of_keys = keys.start * d..keys.end * d;
        product(
            rows_mut(&mut self.v[of_keys.clone()], n_keys, d),
            Accum::Add,
            weights.transpose(),
            grad,
        );
        product(
            rows_mut(&mut self.k[of_keys], n_keys, d),
            Accum::Add,
            d_scores.transpose(),
            queries,
        );
        let of_queries = tile.first_query * d..(tile.first_query + n_queries) * d;
        product(rows_mut(&mut self.q[of_queries], n_queries, d), Accum::Add, d_scores, k);
    }
}

vectorised! {
    fn dot(a: &'a [f32], b: &'a [f32]) -> f32 {
        sum_zip(a, b, |a, b| a * b)
    }

    /// Turns scores into weights and derivatives by the weights into derivatives by the scores.
    fn derive_softmax(weights: &'a mut [f32], d_weights: &'a mut [f32], first_key: usize, tile: &'a Tile<'a>) {
        let n_keys = weights.len() / tile.projection.len();
        for (row, (weights, d_weights)) in
            weights.chunks_exact_mut(n_keys).zip(d_weights.chunks_exact_mut(n_keys)).enumerate()
        {
            let seen = visible(tile.first_query + row, first_key, n_keys);
            let (log_sum_exp, projection) = (tile.log_sum_exp[row], tile.projection[row]);
            for (weight, d_weight) in weights[..seen].iter_mut().zip(&mut d_weights[..seen]) {
                *weight = exp(*weight - log_sum_exp);
                *d_weight = *weight * (*d_weight - projection);
            }
            weights[seen..].fill(0.0);
            d_weights[seen..].fill(0.0);
        }
    }
}
