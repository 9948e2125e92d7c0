//! Mixtures for tests, and what they are worth by loops written from the formulas.

#![allow(dead_code)] // each test file uses its part

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secateurs_moe_theory::Mixture;

/// `f(x)` in one loop for each sum.
pub fn naive_value(mixture: &Mixture, x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for i in 0..mixture.n_experts() {
        let (mut u, mut z) = (0.0, 0.0);
        for (k, x) in x.iter().enumerate() {
            u += mixture.router(i)[k] * x;
            z += mixture.expert(i)[k] * x;
        }
        sum += mixture.weights()[i] * (1.0 / (1.0 + f64::exp(-u))) * ((z * z * z - 3.0 * z) / f64::sqrt(6.0));
    }
    sum
}

pub fn naive_loss(mixture: &Mixture, inputs: &[f64], targets: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (x, y) in inputs.chunks(mixture.d_input()).zip(targets) {
        sum += (naive_value(mixture, x) - y).powi(2);
    }
    sum / 2.0 / targets.len() as f64
}

/// Standard normal numbers by the method of Box and Muller, apart from the library's.
pub fn numbers(seed: u64, len: usize) -> Vec<f64> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut number = || {
        let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
        radius * (2.0 * std::f64::consts::PI * rng.random::<f64>()).cos()
    };
    (0..len).map(|_| number()).collect()
}

pub fn mixture(n_experts: usize, d_input: usize, seed: u64) -> Mixture {
    let of = |part: u64, len: usize| numbers(10 * seed + part, len);
    let size = n_experts * d_input;
    Mixture::new(d_input, of(0, size), of(1, size), of(2, n_experts)).unwrap()
}

/// The mixture whose parameter number `at`, of routers, experts, weights in a row, is moved.
pub fn moved(mixture: &Mixture, at: usize, by: f64) -> Mixture {
    let mut parts = [mixture.routers(), mixture.experts(), mixture.weights()].map(<[f64]>::to_vec);
    let mut place = at;
    for part in &mut parts {
        if place < part.len() {
            part[place] += by;
            break;
        }
        place -= part.len();
    }
    let [routers, experts, weights] = parts;
    Mixture::new(mixture.d_input(), routers, experts, weights).unwrap()
}

/// The experts of both, one after another.
pub fn together(parts: &[&Mixture], weights: Vec<f64>) -> Mixture {
    let routers = parts.iter().flat_map(|part| part.routers()).copied().collect();
    let experts = parts.iter().flat_map(|part| part.experts()).copied().collect();
    Mixture::new(parts[0].d_input(), routers, experts, weights).unwrap()
}
