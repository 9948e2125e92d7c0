//! Rotary position embedding: the order of its pairs, and scaled frequencies.
//!
//! A Hugging Face model rotates value `i` of a head with value `i + d_head / 2`; a GGUF file of a Llama model holds the
//! query and key weights reordered so that neighbours `2 i` and `2 i + 1` are rotated together.

use std::f64::consts::TAU;

use serde_json::{Value as Json, json};

/// Position in a GGUF file of output `output` of a query or key projection with heads of `d_head`.
pub(super) fn stored_output(output: usize, d_head: usize) -> usize {
    let (head, at) = (output / d_head, output % d_head);
    let half = d_head / 2;
    head * d_head + 2 * (at % half) + at / half
}

/// The constants with which every published Llama 3 model scales its frequencies.
const LOW_FREQ_FACTOR: f64 = 1.0;
const HIGH_FREQ_FACTOR: f64 = 4.0;
const ORIGINAL_POSITIONS: f64 = 8192.0;

/// Relative tolerance of factors, which GGUF computes and stores as `f32`.
const RELATIVE_TOLERANCE: f64 = 1e-4;

/// The `rope_scaling` of a Hugging Face config that divides the frequencies by `factors`; `None` if these are not Llama
/// 3's, `Some(Json::Null)` if they are all 1.
pub(super) fn llama3_scaling(factors: &[f32], rope_theta: f64) -> Option<Json> {
    let factor = factors.iter().copied().fold(1.0, f32::max);
    if factors.iter().all(|&factor| factor == 1.0) {
        return Some(Json::Null);
    }
    let d_head = 2 * factors.len();
    let matches = factors.iter().enumerate().all(|(i, &stored)| {
        let frequency = rope_theta.powf(-2.0 * i as f64 / d_head as f64);
        let expected = llama3_factor(frequency, f64::from(factor));
        (f64::from(stored) - expected).abs() <= RELATIVE_TOLERANCE * expected
    });
    matches.then(|| {
        json!({
            "rope_type": "llama3",
            "factor": f64::from(factor),
            "low_freq_factor": LOW_FREQ_FACTOR,
            "high_freq_factor": HIGH_FREQ_FACTOR,
            "original_max_position_embeddings": ORIGINAL_POSITIONS as u64,
        })
    })
}

/// The divisor of `frequency` in Llama 3: 1 for fast rotations, `factor` for slow ones, in between a blend of the
/// rates.
fn llama3_factor(frequency: f64, factor: f64) -> f64 {
    let turns = ORIGINAL_POSITIONS * frequency / TAU;
    let blend = ((turns - LOW_FREQ_FACTOR) / (HIGH_FREQ_FACTOR - LOW_FREQ_FACTOR)).clamp(0.0, 1.0);
    1.0 / ((1.0 - blend) / factor + blend)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_reordered_within_their_head() {
        let order: Vec<usize> = (0..12).map(|output| stored_output(output, 6)).collect();
        assert_eq!(order, [0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11]);
    }

    #[test]
    fn llama3_scaling_is_recognised_and_anything_else_is_not() {
        let theta = 500_000.0f64;
        let factors: Vec<f32> = (0..64)
            .map(|i| llama3_factor(theta.powf(-2.0 * f64::from(i) / 128.0), 8.0) as f32)
            .collect();
        assert_eq!(factors[0], 1.0);
        assert_eq!(factors[63], 8.0);
        let scaling = llama3_scaling(&factors, theta).expect("recognised");
        assert_eq!(scaling["factor"], 8.0);
        let mut other = factors;
        other[30] *= 1.01;
        assert_eq!(llama3_scaling(&other, theta), None);
        assert_eq!(llama3_scaling(&[1.0; 64], theta), Some(Json::Null));
        assert_eq!(llama3_scaling(&[f32::NAN, 2.0], theta), None);
    }
}
