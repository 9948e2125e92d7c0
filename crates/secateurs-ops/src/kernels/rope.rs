//! Rotation of the two halves of each head vector.

use rayon::prelude::*;

use super::heads::{Head, Heads};

/// Vectors of one task.
const VECTORS: usize = 256;

/// The cosines and sines of each token, `[n_tokens, d_head / 2]`.
#[derive(Clone, Copy)]
pub(crate) struct Angles<'a> {
    pub(crate) cos: &'a [f32],
    pub(crate) sin: &'a [f32],
    /// Direction: 1 rotates, -1 rotates back.
    pub(crate) direction: f32,
}

/// Rotates every vector; the result is in the order `[batch, n_heads, n_tokens, d_head]`.
pub(crate) fn rotate(x: Heads<'_>, angles: Angles<'_>) -> Vec<f32> {
    let [batch, n_heads, n_tokens, d_head] = x.dims();
    let mut out = vec![0.0; batch * n_heads * n_tokens * d_head];
    out.par_chunks_mut(VECTORS * d_head)
        .enumerate()
        .for_each(|(chunk, out)| {
            for (i, out) in out.chunks_exact_mut(d_head).enumerate() {
                let index = chunk * VECTORS + i;
                let (head, token) = (index / n_tokens, index % n_tokens);
                let head = Head {
                    batch: head / n_heads,
                    head: head % n_heads,
                };
                let range = token * d_head / 2..(token + 1) * d_head / 2;
                let (cos, sin) = (&angles.cos[range.clone()], &angles.sin[range]);
                rotate_vector(x.vector(head, token), Angles { cos, sin, ..angles }, out);
            }
        });
    out
}

vectorised! {
    fn rotate_vector(x: &'a [f32], angles: Angles<'a>, out: &'a mut [f32]) {
        let (x0, x1) = x.split_at(angles.cos.len());
        let (y0, y1) = out.split_at_mut(angles.cos.len());
        let angles = angles.cos.iter().zip(angles.sin.iter().map(|s| s * angles.direction));
        for (((y0, y1), (&x0, &x1)), (&cos, sin)) in y0.iter_mut().zip(y1).zip(x0.iter().zip(x1)).zip(angles) {
            *y0 = x0 * cos - x1 * sin;
            *y1 = x1 * cos + x0 * sin;
        }
    }
}
