//! Routing and mixing in f64 with loops, written from the formulas; and numbers for tests.

#![allow(dead_code)] // each test file uses its part

use burn::tensor::{Device, Tensor, TensorData};
use secateurs_moe::{Routing, TokenRouting};

/// Reproducible values, roughly uniform in [-2, 2).
pub fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 22) as f32 - 2.0
    };
    std::iter::repeat_with(next).take(n).collect()
}

pub fn tensor<const D: usize>(values: &[f32], shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
}

pub fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    tensor.to_data().iter::<f64>().collect()
}

pub fn of_tokens(routing: Routing) -> TokenRouting {
    match routing {
        Routing::Tokens(routing) => routing,
        Routing::Slots(_) => panic!("slots"),
    }
}

/// Gates as a matrix `[n_tokens][n_experts]`, zero for pairs that do not exist.
pub fn gate_matrix(routing: &TokenRouting) -> Vec<Vec<f64>> {
    let assignment = &routing.assignment;
    let mut matrix = vec![vec![0.0; assignment.n_experts()]; assignment.n_tokens()];
    for ((token, expert), gate) in assignment.pairs().zip(values(&routing.gates)) {
        matrix[token][expert] = gate;
    }
    matrix
}

pub fn softmax(logits: &[f64]) -> Vec<f64> {
    let sum: f64 = logits.iter().map(|z| z.exp()).sum();
    logits.iter().map(|z| z.exp() / sum).collect()
}

pub fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// The indices of the `k` largest; of equals the lower index.
pub fn largest(values: &[f64], k: usize) -> Vec<usize> {
    let mut left: Vec<usize> = (0..values.len()).collect();
    let mut chosen = Vec::new();
    for _ in 0..k {
        let mut best = left[0];
        for &index in &left {
            if values[index] > values[best] {
                best = index;
            }
        }
        left.retain(|&index| index != best);
        chosen.push(best);
    }
    chosen
}

#[track_caller]
pub fn assert_close(got: &[f64], expected: &[f64], bound: f64) {
    assert_eq!(got.len(), expected.len());
    for (index, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!(
            (got - expected).abs() <= bound * expected.abs().max(1.0),
            "[{index}]: {got} against {expected}"
        );
    }
}
