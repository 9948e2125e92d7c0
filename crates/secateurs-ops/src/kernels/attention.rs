//! Causal attention over tiles of queries and blocks of keys, with a running softmax.

use std::ops::Range;

use faer::Accum;
use rayon::prelude::*;

use super::heads::{Head, Heads};
use super::matmul::{MULTIPLE, product, rows, rows_mut};
use super::scalar::{exp, exp_in_place, max};

/// Query tokens of a tile.
pub(crate) const QUERIES: usize = 64;
/// Keys of a block: the scores of a tile, three query heads per key head, stay in the L2 cache.
pub(crate) const KEYS: usize = 5 * MULTIPLE;

/// Queries, keys and values of one attention.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a> {
    pub(crate) q: Heads<'a>,
    pub(crate) k: Heads<'a>,
    pub(crate) v: Heads<'a>,
    pub(crate) scale: f32,
    /// Number of keys before the first query's own.
    pub(crate) n_before: usize,
}

impl Inputs<'_> {
    /// Query heads that share a key head.
    pub(crate) fn group(&self) -> usize {
        self.q.dims()[1] / self.k.dims()[1]
    }
}

/// The attended values, with the denominators that the backward pass needs.
pub(crate) struct Attended {
    /// `[batch, n_tokens, n_heads, d_head]`.
    pub(crate) out: Vec<f32>,
    /// Logarithm of the softmax denominators, `[batch, n_tokens, n_heads]`.
    pub(crate) log_sum_exp: Vec<f32>,
}

/// Attends all queries; a task is one tile of queries with all its heads.
pub(crate) fn forward(inputs: Inputs<'_>) -> Attended {
    let [batch, n_heads, n_tokens, d_head] = inputs.q.dims();
    let mut out = vec![0.0; batch * n_tokens * n_heads * d_head];
    let mut log_sum_exp = vec![0.0; batch * n_tokens * n_heads];
    let batches = out.par_chunks_mut(n_tokens * n_heads * d_head);
    let batches = batches.zip(log_sum_exp.par_chunks_mut(n_tokens * n_heads)).enumerate();
    batches.for_each(|(batch, (out, log_sum_exp))| {
        let tiles = out.par_chunks_mut(QUERIES * n_heads * d_head);
        let tiles = tiles
            .zip(log_sum_exp.par_chunks_mut(QUERIES * n_heads))
            .enumerate()
            .with_max_len(1);
        tiles.for_each(|(tile, (out, log_sum_exp))| {
            let tokens = tile * QUERIES..n_tokens.min((tile + 1) * QUERIES);
            for head in 0..inputs.k.dims()[1] {
                let tile = Tile::attend(&inputs, Head { batch, head }, tokens.clone());
                tile.write(head, n_heads, out, log_sum_exp);
            }
        });
    });
    Attended { out, log_sum_exp }
}

/// A tile of queries of all heads that share a key head; row `g * n_queries + i` is token `i` of head `g` of the group.
struct Tile {
    /// The key of the first query's own token.
    first_query: usize,
    n_queries: usize,
    /// Unnormalised sums of values, one row per query.
    values: Vec<f32>,
    max: Vec<f32>,
    sum: Vec<f32>,
}

impl Tile {
    fn attend(inputs: &Inputs<'_>, kv: Head, tokens: Range<usize>) -> Self {
        let (group, d_head) = (inputs.group(), inputs.q.dims()[3]);
        let n_rows = group * tokens.len();
        let mut queries = Vec::with_capacity(n_rows * d_head);
        for head in kv.head * group..(kv.head + 1) * group {
            inputs
                .q
                .gather(Head { head, ..kv }, tokens.clone(), inputs.scale, &mut queries);
        }
        let mut tile = Self {
            first_query: inputs.n_before + tokens.start,
            n_queries: tokens.len(),
            values: vec![0.0; n_rows * d_head],
            max: vec![f32::NEG_INFINITY; n_rows],
            sum: vec![0.0; n_rows],
        };
        let n_keys = inputs.n_before + tokens.end;
        let mut scores = vec![0.0; n_rows * KEYS.min(n_keys)];
        for first_key in (0..n_keys).step_by(KEYS) {
            let keys = first_key..n_keys.min(first_key + KEYS);
            let scores = &mut scores[..n_rows * keys.len()];
            let k = inputs.k.matrix(kv, keys.clone());
            product(
                rows_mut(scores, n_rows, keys.len()),
                Accum::Replace,
                rows(&queries, n_rows, d_head),
                k.transpose(),
            );
            exponentiate(scores, first_key, &mut tile);
            let v = inputs.v.matrix(kv, keys.clone());
            let values = rows_mut(&mut tile.values, n_rows, d_head);
            product(values, Accum::Add, rows(scores, n_rows, keys.len()), v);
        }
        tile
    }

    /// Writes the normalised values into the chunks of this tile.
    fn write(&self, kv_head: usize, n_heads: usize, out: &mut [f32], log_sum_exp: &mut [f32]) {
        let (n_rows, d_head) = (self.sum.len(), self.values.len() / self.sum.len());
        let first_head = kv_head * (n_rows / self.n_queries);
        for (row, values) in self.values.chunks_exact(d_head).enumerate() {
            let (head, query) = (first_head + row / self.n_queries, row % self.n_queries);
            let position = query * n_heads + head;
            log_sum_exp[position] = self.max[row] + self.sum[row].ln();
            let inverse = 1.0 / self.sum[row];
            let out = &mut out[position * d_head..][..d_head];
            out.iter_mut()
                .zip(values)
                .for_each(|(out, value)| *out = value * inverse);
        }
    }
}

/// Number of a block's keys that a query may see.
#[inline(always)]
pub(crate) fn visible(query: usize, first_key: usize, n_keys: usize) -> usize {
    (query + 1).saturating_sub(first_key).min(n_keys)
}

vectorised! {
    /// Turns the scores of a block into weights relative to the running maximum, zero for keys in the future, and
    /// rescales the sums of earlier blocks.
    fn exponentiate(scores: &'a mut [f32], first_key: usize, tile: &'a mut Tile) {
        let n_rows = tile.sum.len();
        let (n_keys, d_head) = (scores.len() / n_rows, tile.values.len() / n_rows);
        for (row, scores) in scores.chunks_exact_mut(n_keys).enumerate() {
            let query = tile.first_query + row % tile.n_queries;
            let (seen, future) = scores.split_at_mut(visible(query, first_key, n_keys));
            future.fill(0.0);
            let block_max = max(seen);
            if block_max > tile.max[row] {
                let shrink = exp(tile.max[row] - block_max);
                tile.sum[row] *= shrink;
                tile.values[row * d_head..][..d_head].iter_mut().for_each(|x| *x *= shrink);
                tile.max[row] = block_max;
            }
            tile.sum[row] += exp_in_place(seen, tile.max[row]);
        }
    }
}
