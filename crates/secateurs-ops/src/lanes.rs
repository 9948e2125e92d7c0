//! Loops over vectors that lie side by side: row `j` holds value `j` of 32 vectors, on the current thread.
//!
//! Every loop runs down the rows with the vectors in the lanes of the processor's registers. No value of one vector has
//! any influence on another.

use crate::kernels::lanes as kernels;
pub use crate::kernels::lanes::LANES;

/// Normalises 32 vectors: `out_j = x_j / sqrt(mean_k x_k^2 + eps) * weight_j`.
///
/// # Shapes
///
/// `x` and `out` `[weight.len(), 32]`
///
/// # Panics
///
/// If the lengths disagree.
pub fn rms_norm(x: &[[f32; LANES]], weight: &[f32], eps: f32, out: &mut [[f32; LANES]]) {
    assert!(x.len() == weight.len() && out.len() == weight.len());
    kernels::rms_norm(x, weight, eps, out);
}

/// Rotates the pairs `(x_i, x_{i + d/2})` of 32 vectors by the angles with these cosines and sines.
///
/// # Shapes
///
/// `x [d, 32]`, `cos` and `sin` `[d / 2, 32]`
///
/// # Panics
///
/// If the lengths disagree.
pub fn rope(x: &mut [[f32; LANES]], cos: &[[f32; LANES]], sin: &[[f32; LANES]]) {
    assert!(x.len() == 2 * cos.len() && cos.len() == sin.len());
    kernels::rope(x, cos, sin);
}

/// Gates 32 vectors: `gate_j = gate_j / (1 + exp(-gate_j)) * up_j`.
///
/// # Panics
///
/// If the lengths disagree.
pub fn swiglu(gate: &mut [[f32; LANES]], up: &[[f32; LANES]]) {
    assert_eq!(gate.len(), up.len());
    kernels::swiglu(gate, up);
}

/// Turns scores of causal attention into weights, `w_j = exp(scale (score_j - max_k score_k))` over the keys that a
/// lane sees and 0 for all others, and returns the sum of each lane's weights.
///
/// Lane `l` sees the keys `0 ..= n_before + l`.
///
/// # Shapes
///
/// `scores [n_keys, 32]`
///
/// # Panics
///
/// If there is no key.
pub fn causal_weights(scores: &mut [[f32; LANES]], n_before: usize, scale: f32) -> [f32; LANES] {
    assert!(!scores.is_empty(), "every query has a key");
    hide_future(scores, n_before, f32::NEG_INFINITY);
    let sums = kernels::exponentiate(scores, scale);
    // Not zero yet: the smallest normal number.
    hide_future(scores, n_before, 0.0);
    sums
}

fn hide_future(scores: &mut [[f32; LANES]], n_before: usize, value: f32) {
    for (key, row) in scores.iter_mut().skip(n_before + 1).enumerate() {
        row[..(key + 1).min(LANES)].fill(value);
    }
}

/// Divides 32 vectors, each by its own divisor: `x_j = x_j / divisor`.
pub fn divide(x: &mut [[f32; LANES]], divisors: &[f32; LANES]) {
    kernels::divide(x, divisors);
}
