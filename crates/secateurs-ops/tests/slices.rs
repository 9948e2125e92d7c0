//! The loops on slices against sums in f64.
#![cfg(feature = "slices")]

use secateurs_ops::slices::{self, Attention};

fn values(n: usize, seed: usize) -> Vec<f32> {
    (0..n)
        .map(|index| ((index * 7919 + seed * 104_729) % 2003) as f32 / 1001.5 - 1.0)
        .collect()
}

/// Attention of every query in f64, written from the formula.
fn naive_attention(attention: Attention<'_>) -> Vec<f64> {
    let Attention {
        q,
        k,
        v,
        n_kv_heads,
        n_heads,
        d_head,
    } = attention;
    let n_tokens = q.len() / (n_heads * d_head);
    let n_keys = k.len() / (n_kv_heads * d_head);
    let mut out = Vec::new();
    for token in 0..n_tokens {
        for head in 0..n_heads {
            let kv = head * n_kv_heads / n_heads;
            let of_key = |data: &[f32], key: usize, j: usize| f64::from(data[(kv * n_keys + key) * d_head + j]);
            let query = |j: usize| f64::from(q[(token * n_heads + head) * d_head + j]);
            let n_seen = n_keys - n_tokens + token + 1;
            let score = |key: usize| (0..d_head).map(|j| query(j) * of_key(k, key, j)).sum::<f64>();
            let weights: Vec<f64> = (0..n_seen)
                .map(|key| (score(key) / (d_head as f64).sqrt()).exp())
                .collect();
            let total: f64 = weights.iter().sum();
            out.extend((0..d_head).map(|j| {
                let terms = weights
                    .iter()
                    .enumerate()
                    .map(|(key, weight)| weight * of_key(v, key, j));
                terms.sum::<f64>() / total
            }));
        }
    }
    out
}

#[test]
fn attention_sees_the_keys_before_its_queries() {
    let (n_kv_heads, n_heads, d_head) = (2, 6, 10);
    for (n_tokens, n_keys) in [(1, 1), (5, 5), (1, 300), (70, 70), (70, 400), (130, 131)] {
        let q = values(n_tokens * n_heads * d_head, 1);
        let (k, v) = (
            values(n_keys * n_kv_heads * d_head, 2),
            values(n_keys * n_kv_heads * d_head, 3),
        );
        let attention = Attention {
            q: &q,
            k: &k,
            v: &v,
            n_kv_heads,
            n_heads,
            d_head,
        };
        let expected = naive_attention(attention);
        for (got, expected) in slices::causal_attention(attention).iter().zip(expected) {
            assert!((f64::from(*got) - expected).abs() < 1e-5, "{got} is not {expected}");
        }
    }
}

#[test]
fn pairs_turn_by_their_angles() {
    let mut x = [1.0, 0.0, 0.0, 2.0, 3.0, 4.0, 0.0, 0.0];
    slices::rope(&mut x, &[0.0, 1.0], &[1.0, 0.0]);
    assert_eq!(x, [0.0, 0.0, 1.0, 2.0, 0.0, 4.0, 3.0, 0.0]);
}

#[test]
fn norms_and_gates_follow_their_formulas() {
    let mut x = [3.0, 4.0, 0.0, 2.0];
    slices::rms_norm(&mut x, &[1.0, 2.0], 0.0);
    let rms = 12.5f32.sqrt();
    let expected = [3.0 / rms, 8.0 / rms, 0.0, 4.0 / 2.0f32.sqrt()];
    x.iter()
        .zip(expected)
        .for_each(|(x, expected)| assert!((x - expected).abs() < 1e-6));
    let mut gate = [0.0, 1.0, -2.0];
    slices::swiglu(&mut gate, &[5.0, 2.0, 3.0]);
    let silu = |x: f32| x / (1.0 + (-x).exp());
    let expected = [0.0, 2.0 * silu(1.0), 3.0 * silu(-2.0)];
    gate.iter()
        .zip(expected)
        .for_each(|(gate, expected)| assert!((gate - expected).abs() < 1e-6));
}

#[test]
fn losses_are_logarithms_of_probabilities() {
    let probabilities = [0.5f32, 0.25, 0.125, 0.125];
    let logits: Vec<f32> = probabilities
        .iter()
        .map(|probability| probability.ln() + 80.0)
        .collect();
    for (target, probability) in probabilities.iter().enumerate() {
        assert!((slices::cross_entropy(&logits, target) + probability.ln()).abs() < 1e-5);
    }
}
