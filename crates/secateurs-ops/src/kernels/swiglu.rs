//! The gated activation `silu(gate) * up` and its derivative.

use rayon::prelude::*;

use super::scalar::sigmoid;

/// Elements of one task: three buffers of this length fit the L2 cache.
const CHUNK: usize = 16 * 1024;

/// Gates in place: `gate = silu(gate) * up`.
pub(crate) fn forward(gate: &mut [f32], up: &[f32]) {
    let chunks = gate.par_chunks_mut(CHUNK).zip(up.par_chunks(CHUNK));
    chunks.for_each(|(gate, up)| gate_chunk(gate, up));
}

/// Replaces `gate` and `up` by the derivatives by them, from the derivative by the result.
pub(crate) fn backward(gate: &mut [f32], up: &mut [f32], grad: &[f32]) {
    let chunks = gate
        .par_chunks_mut(CHUNK)
        .zip(up.par_chunks_mut(CHUNK))
        .zip(grad.par_chunks(CHUNK));
    chunks.for_each(|((gate, up), grad)| derive_chunk(gate, up, grad));
}

vectorised! {
    fn gate_chunk(gate: &'a mut [f32], up: &'a [f32]) {
        for (gate, &up) in gate.iter_mut().zip(up) {
            *gate = *gate * sigmoid(*gate) * up;
        }
    }

    fn derive_chunk(gate: &'a mut [f32], up: &'a mut [f32], grad: &'a [f32]) {
        for ((gate, up), &grad) in gate.iter_mut().zip(up).zip(grad) {
            let (x, s) = (*gate, sigmoid(*gate));
            *gate = grad * *up * (s * (1.0 + x * (1.0 - s)));
            *up = grad * (x * s);
        }
    }
}
