//! Every operation against its formula in `f64`, values and gradients, over odd shapes.
//!
//! The bound of a value is 1e-5 of the largest expected magnitude (at least 1), of a gradient four times that.

mod oracle;

use burn::tensor::{Device, Int, Tensor, TensorData};
use oracle::{check, numbers};
use proptest::prelude::*;
use secateurs_ops as ops;

const BOUND: f64 = 1e-5;

fn targets(n_tokens: usize, vocab: usize, seed: u64) -> Vec<usize> {
    numbers(n_tokens, seed)
        .iter()
        .map(|x| ((x + 2.0) * 1e4) as usize % vocab)
        .collect()
}

fn target_tensor(targets: &[usize], device: &Device) -> Tensor<1, Int> {
    let indices: Vec<i64> = targets.iter().map(|&t| t as i64).collect();
    Tensor::from_data(TensorData::new(indices, [targets.len()]), device)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn linear(m in 1usize..9, k in 1usize..9, n in 1usize..9, transposed: bool, seed: u64) {
        let apply = |t: &[Tensor<1>]| {
            let x = t[0].clone().reshape([m, k]);
            let w = t[1].clone();
            let w = if transposed { w.reshape([n, k]).swap_dims(0, 1) } else { w.reshape([k, n]) };
            ops::linear(x, w).reshape([m * n])
        };
        let formula = |t: &[Vec<f64>]| {
            let w = if transposed { (0..k * n).map(|e| t[1][e % n * k + e / n]).collect() } else { t[1].clone() };
            oracle::product(&t[0], &w, [m, k, n])
        };
        check(&[numbers(m * k, seed), numbers(k * n, seed ^ 1)], apply, formula, BOUND);
    }

    #[test]
    fn rms_norm(batch in 1usize..3, n_tokens in 1usize..5, d in 1usize..40, seed: u64) {
        let apply = |t: &[Tensor<1>]| {
            let x = t[0].clone().reshape([batch, n_tokens, d]);
            ops::rms_norm(x, t[1].clone(), 1e-2).reshape([batch * n_tokens * d])
        };
        let inputs = [numbers(batch * n_tokens * d, seed), numbers(d, seed ^ 1)];
        check(&inputs, apply, |t| oracle::rms_norm(&t[0], &t[1], 1e-2), BOUND);
    }

    #[test]
    fn swiglu(m in 1usize..5, n in 1usize..40, transposed: bool, seed: u64) {
        // Both operands as transposed views: the pairs stay pairs, the order of the result changes back.
        let apply = |t: &[Tensor<1>]| {
            let [gate, up] = [&t[0], &t[1]].map(|t| t.clone().reshape([m, n]) * 4.0);
            if transposed {
                ops::swiglu(gate.swap_dims(0, 1), up.swap_dims(0, 1)).swap_dims(0, 1).reshape([m * n])
            } else {
                ops::swiglu(gate, up).reshape([m * n])
            }
        };
        let formula = |t: &[Vec<f64>]| {
            let [gate, up] = [&t[0], &t[1]].map(|t| t.iter().map(|x| 4.0 * x).collect::<Vec<_>>());
            oracle::swiglu(&gate, &up)
        };
        check(&[numbers(m * n, seed), numbers(m * n, seed ^ 1)], apply, formula, BOUND);
    }

    #[test]
    fn rope(heads in 1usize..4, n_tokens in 1usize..6, half in 1usize..20, seed: u64) {
        let angles = numbers(n_tokens * half, seed ^ 1);
        let (cos, sin): (Vec<f32>, Vec<f32>) = angles.iter().map(|a| (a.cos(), a.sin())).unzip();
        let apply = |t: &[Tensor<1>]| {
            let device = t[0].device();
            let angles = [&cos, &sin].map(|a| oracle::tensor(a, [n_tokens, half], &device));
            let [cos, sin] = angles;
            ops::rope(t[0].clone().reshape([1, heads, n_tokens, 2 * half]), cos, sin).reshape([heads * n_tokens * 2 * half])
        };
        let exact = [&cos, &sin].map(|a| a.iter().map(|&x| f64::from(x)).collect::<Vec<_>>());
        let formula = |t: &[Vec<f64>]| oracle::rope(&t[0], &exact[0], &exact[1], 2 * half);
        check(&[numbers(heads * n_tokens * 2 * half, seed)], apply, formula, BOUND);
    }

    #[test]
    fn causal_attention(
        batch in 1usize..3, n_kv_heads in 1usize..3, group in 1usize..4, n_tokens in 1usize..7, d in 1usize..9, seed: u64
    ) {
        let n_heads = n_kv_heads * group;
        let q_shape = [batch, n_heads, n_tokens, d];
        let kv_shape = [batch, n_kv_heads, n_tokens, d];
        let apply = |t: &[Tensor<1>]| {
            let [q, k, v] = [(0, q_shape), (1, kv_shape), (2, kv_shape)].map(|(i, shape)| t[i].clone().reshape(shape));
            ops::causal_attention(q, k, v, 0.4).reshape([batch * n_heads * n_tokens * d])
        };
        let formula = |t: &[Vec<f64>]| oracle::attention(t, [batch, n_heads, n_tokens, d, n_kv_heads], 0.4);
        let n_kv = kv_shape.iter().product();
        let inputs = [numbers(q_shape.iter().product(), seed), numbers(n_kv, seed ^ 1), numbers(n_kv, seed ^ 2)];
        check(&inputs, apply, formula, BOUND);
    }

    #[test]
    fn cross_entropy(n_tokens in 1usize..6, vocab in 1usize..70, seed: u64) {
        let targets = targets(n_tokens, vocab, seed ^ 7);
        let apply = |t: &[Tensor<1>]| {
            let logits = t[0].clone().reshape([n_tokens, vocab]);
            let targets = target_tensor(&targets, &logits.device());
            ops::cross_entropy(logits, targets)
        };
        check(&[numbers(n_tokens * vocab, seed)], apply, |t| oracle::cross_entropy(&t[0], &targets), BOUND);
    }

    #[test]
    fn linear_cross_entropy(n_tokens in 1usize..5, d in 1usize..6, vocab in 1usize..70, transposed: bool, seed: u64) {
        let targets = targets(n_tokens, vocab, seed ^ 7);
        let apply = |t: &[Tensor<1>]| {
            let hidden = t[0].clone().reshape([n_tokens, d]);
            let head = t[1].clone();
            let head = if transposed { head.reshape([d, vocab]).swap_dims(0, 1) } else { head.reshape([vocab, d]) };
            let targets = target_tensor(&targets, &hidden.device());
            ops::linear_cross_entropy(hidden, head, targets)
        };
        let formula = |t: &[Vec<f64>]| {
            let turned = || (0..d * vocab).map(|e| t[1][e % vocab * d + e / vocab]).collect();
            let head = if transposed { t[1].clone() } else { turned() };
            oracle::cross_entropy(&oracle::product(&t[0], &head, [n_tokens, d, vocab]), &targets)
        };
        check(&[numbers(n_tokens * d, seed), numbers(vocab * d, seed ^ 1)], apply, formula, BOUND);
    }
}
