//! The formulas in `f64`, one element at a time, and a check of values and gradients against them.

#![allow(dead_code)] // each test file uses its part

use burn::tensor::{Device, Tensor, TensorData};
use secateurs_testkit::devices;

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

pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// Asserts `|got - expected| <= bound * max(1, largest |expected|)` for every element.
#[track_caller]
pub fn assert_close(got: &[f64], expected: &[f64], bound: f64, what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}: length");
    let size = expected.iter().fold(1.0, |size: f64, x| size.max(x.abs()));
    for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!(
            (got - expected).abs() <= bound * size,
            "{what}[{i}]: {got} against {expected} (size {size})"
        );
    }
}

/// Checks `operation` on every device against `formula`: values, and gradients of a weighted sum of the results
/// against central differences of the formula.
#[track_caller]
pub fn check(
    inputs: &[Vec<f32>],
    operation: impl Fn(&[Tensor<1>]) -> Tensor<1>,
    formula: impl Fn(&[Vec<f64>]) -> Vec<f64>,
    bound: f64,
) {
    let exact: Vec<Vec<f64>> = inputs
        .iter()
        .map(|x| x.iter().map(|&x| f64::from(x)).collect())
        .collect();
    let expected = formula(&exact);
    let factors = numbers(expected.len(), 99);
    for device in devices() {
        let plain: Vec<Tensor<1>> = inputs.iter().map(|x| tensor(x, [x.len()], &device)).collect();
        assert_close(&values(operation(&plain)), &expected, bound, "value");

        let device = device.autodiff();
        let untracked: Vec<Tensor<1>> = inputs.iter().map(|x| tensor(x, [x.len()], &device)).collect();
        assert_close(&values(operation(&untracked)), &expected, bound, "untracked value");

        let leaves: Vec<Tensor<1>> = untracked.into_iter().map(Tensor::require_grad).collect();
        let result = operation(&leaves);
        assert_close(&values(result.clone()), &expected, bound, "tracked value");
        let gradients = (result * tensor(&factors, [factors.len()], &device)).sum().backward();
        for (i, leaf) in leaves.iter().enumerate() {
            let gradient = values(leaf.grad(&gradients).expect("every input is tracked"));
            assert_close(
                &gradient,
                &differences(&exact, i, &formula, &factors),
                4.0 * bound,
                "gradient",
            );
        }
    }
}

/// Central differences of `sum_j factor_j y_j` by the elements of one input.
fn differences(
    inputs: &[Vec<f64>],
    input: usize,
    formula: impl Fn(&[Vec<f64>]) -> Vec<f64>,
    factors: &[f32],
) -> Vec<f64> {
    const STEP: f64 = 1e-5;
    let sum_at = |element: usize, step: f64| -> f64 {
        let mut inputs = inputs.to_vec();
        inputs[input][element] += step;
        formula(&inputs)
            .iter()
            .zip(factors)
            .map(|(y, &factor)| y * f64::from(factor))
            .sum()
    };
    (0..inputs[input].len())
        .map(|i| (sum_at(i, STEP) - sum_at(i, -STEP)) / (2.0 * STEP))
        .collect()
}

/// `[m, k] x [k, n]`.
pub fn product(a: &[f64], b: &[f64], [m, k, n]: [usize; 3]) -> Vec<f64> {
    let element = |i: usize, j: usize| (0..k).map(|l| a[i * k + l] * b[l * n + j]).sum();
    (0..m * n).map(|e| element(e / n, e % n)).collect()
}

pub fn rms_norm(x: &[f64], weight: &[f64], eps: f64) -> Vec<f64> {
    let normalise = |x: &[f64]| {
        let mean_square = x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64;
        let rms = (mean_square + eps).sqrt();
        x.iter().zip(weight).map(|(x, w)| x / rms * w).collect::<Vec<_>>()
    };
    x.chunks_exact(weight.len()).flat_map(normalise).collect()
}

pub fn swiglu(gate: &[f64], up: &[f64]) -> Vec<f64> {
    gate.iter().zip(up).map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect()
}

/// `x`: `[heads, n_tokens, d_head]`, angles: `[n_tokens, d_head / 2]`.
pub fn rope(x: &[f64], cos: &[f64], sin: &[f64], d_head: usize) -> Vec<f64> {
    let half = d_head / 2;
    let n_tokens = cos.len() / half;
    let element = |e: usize| {
        let (i, token) = (e % d_head, e / d_head % n_tokens);
        let angle = token * half + i % half;
        let partner = if i < half { -x[e + half] } else { x[e - half] };
        x[e] * cos[angle] + partner * sin[angle]
    };
    (0..x.len()).map(element).collect()
}

/// `q`: `[batch, n_heads, n_tokens, d_head]`; `dims` are these with `n_kv_heads` last.
pub fn attention(qkv: &[Vec<f64>], dims: [usize; 5], scale: f64) -> Vec<f64> {
    let [batch, n_heads, n_tokens, d, n_kv_heads] = dims;
    let [q, k, v] = [&qkv[0], &qkv[1], &qkv[2]];
    let mut out = Vec::with_capacity(q.len());
    for line in 0..batch * n_heads * n_tokens {
        let (token, head, b) = (line % n_tokens, line / n_tokens % n_heads, line / n_tokens / n_heads);
        let first = (b * n_kv_heads + head / (n_heads / n_kv_heads)) * n_tokens;
        let keys = first..=first + token;
        let score = |key: usize| scale * (0..d).map(|i| q[line * d + i] * k[key * d + i]).sum::<f64>();
        let weights: Vec<f64> = keys.clone().map(|key| score(key).exp()).collect();
        let sum: f64 = weights.iter().sum();
        out.extend((0..d).map(|i| {
            keys.clone()
                .zip(&weights)
                .map(|(key, w)| w / sum * v[key * d + i])
                .sum::<f64>()
        }));
    }
    out
}

pub fn cross_entropy(logits: &[f64], targets: &[usize]) -> Vec<f64> {
    let vocab = logits.len() / targets.len();
    let loss = |(row, &target): (&[f64], &usize)| row.iter().map(|x| x.exp()).sum::<f64>().ln() - row[target];
    logits.chunks_exact(vocab).zip(targets).map(loss).collect()
}
