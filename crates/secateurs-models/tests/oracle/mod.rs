//! A Llama in f64 with loops, written from the formulas.

use std::collections::BTreeMap;

use secateurs_models::decoder::{ExpertLayout, ExpertsConfig, LlamaConfig};

type Matrix = Vec<Vec<f64>>;

/// `-ln p(tokens[t + 1] | tokens[..=t])` for every `t` but the last; the logits of experts in `removed` are `-infinity`.
pub fn losses(
    config: &LlamaConfig,
    tensors: &BTreeMap<String, Vec<f32>>,
    tokens: &[u32],
    removed: &[usize],
) -> Vec<f64> {
    let get = |name: &str| -> Vec<f64> { tensors[name].iter().map(|&w| f64::from(w)).collect() };
    let embedding = get("model.embed_tokens.weight");
    let d = config.d_model;
    let mut x: Matrix = tokens
        .iter()
        .map(|&t| embedding[t as usize * d..][..d].to_vec())
        .collect();
    for layer in 0..config.n_blocks {
        let w = |name: &str| get(&format!("model.layers.{layer}.{name}.weight"));
        let h = norm(&x, &w("input_layernorm"), config.norm_eps);
        let mut q = linear(&h, &w("self_attn.q_proj"));
        let mut k = linear(&h, &w("self_attn.k_proj"));
        if config.layout() == Some(ExpertLayout::OlMoe) {
            q = norm(&q, &w("self_attn.q_norm"), config.norm_eps);
            k = norm(&k, &w("self_attn.k_norm"), config.norm_eps);
        }
        let v = linear(&h, &w("self_attn.v_proj"));
        let mixed = attention(config, &q, &k, &v);
        add(&mut x, &linear(&mixed, &w("self_attn.o_proj")));
        let h = norm(&x, &w("post_attention_layernorm"), config.norm_eps);
        let mixed = match &config.experts {
            None => swiglu(&h, &["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"].map(w)),
            Some(experts) => mixture(experts, &h, removed, &w),
        };
        add(&mut x, &mixed);
    }
    let hidden = norm(&x, &get("model.norm.weight"), config.norm_eps);
    let head = if config.tied_head {
        embedding
    } else {
        get("lm_head.weight")
    };
    let logits = linear(&hidden, &head);
    (0..tokens.len() - 1)
        .map(|t| {
            let sum: f64 = logits[t].iter().map(|l| l.exp()).sum();
            sum.ln() - logits[t][tokens[t + 1] as usize]
        })
        .collect()
}

/// `down(silu(gate(x)) * up(x))`
fn swiglu(x: &Matrix, [gate, up, down]: &[Vec<f64>; 3]) -> Matrix {
    let (gate, up) = (linear(x, gate), linear(x, up));
    let inner: Matrix = gate
        .iter()
        .zip(&up)
        .map(|(g, u)| g.iter().zip(u).map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect())
        .collect();
    linear(&inner, down)
}

/// Token by token: the `top_k` largest logits, a softmax over them or over all, and the sum of the experts' answers.
fn mixture(experts: &ExpertsConfig, x: &Matrix, removed: &[usize], w: &dyn Fn(&str) -> Vec<f64>) -> Matrix {
    let (place, names) = match experts.layout {
        ExpertLayout::Mixtral => ("block_sparse_moe", ["w1", "w3", "w2"]),
        ExpertLayout::OlMoe => ("mlp", ["gate_proj", "up_proj", "down_proj"]),
    };
    let gate = w(&format!("{place}.gate"));
    x.iter()
        .map(|token| {
            let token = &vec![token.clone()];
            let mut logits = linear(token, &gate).remove(0);
            removed.iter().for_each(|&expert| logits[expert] = f64::NEG_INFINITY);
            let mut order: Vec<usize> = (0..experts.n_experts).collect();
            order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
            let chosen = &order[..experts.top_k];
            let counted = if experts.normalised { chosen } else { &order };
            let total: f64 = counted.iter().map(|&expert| logits[expert].exp()).sum();
            let mut mixed = vec![vec![0.0; token[0].len()]];
            for &expert in chosen {
                let weights = names.map(|name| w(&format!("{place}.experts.{expert}.{name}")));
                let mut answer = swiglu(token, &weights);
                answer[0].iter_mut().for_each(|y| *y *= logits[expert].exp() / total);
                add(&mut mixed, &answer);
            }
            mixed.remove(0)
        })
        .collect()
}

fn norm(x: &Matrix, weight: &[f64], eps: f64) -> Matrix {
    x.iter()
        .map(|x| {
            let mean = x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64;
            x.iter().zip(weight).map(|(v, w)| v / (mean + eps).sqrt() * w).collect()
        })
        .collect()
}

/// `x Wᵀ` with `W` as `[d_output, d_input]`.
fn linear(x: &Matrix, weight: &[f64]) -> Matrix {
    x.iter()
        .map(|x| {
            weight
                .chunks(x.len())
                .map(|w| w.iter().zip(x).map(|(w, x)| w * x).sum())
                .collect()
        })
        .collect()
}

fn add(x: &mut Matrix, y: &Matrix) {
    for (x, y) in x.iter_mut().zip(y) {
        x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
    }
}

/// Pair `(i, i + half)` of a head turns by `position * theta^(-2 i / d_head)`.
fn turned(head: &[f64], position: usize, theta: f64) -> Vec<f64> {
    let half = head.len() / 2;
    let mut out = vec![0.0; head.len()];
    for i in 0..half {
        let angle = position as f64 * theta.powf(-2.0 * i as f64 / head.len() as f64);
        let (sin, cos) = angle.sin_cos();
        out[i] = head[i] * cos - head[i + half] * sin;
        out[i + half] = head[i + half] * cos + head[i] * sin;
    }
    out
}

fn attention(config: &LlamaConfig, q: &Matrix, k: &Matrix, v: &Matrix) -> Matrix {
    let d = config.d_head;
    let group = config.n_heads / config.n_kv_heads;
    let head = |m: &Matrix, t: usize, h: usize| m[t][h * d..(h + 1) * d].to_vec();
    (0..q.len())
        .map(|t| {
            let mut row = Vec::new();
            for h in 0..config.n_heads {
                let query = turned(&head(q, t, h), t, config.rope_theta);
                let weights: Vec<f64> = (0..=t)
                    .map(|s| {
                        let key = turned(&head(k, s, h / group), s, config.rope_theta);
                        let dot: f64 = query.iter().zip(&key).map(|(a, b)| a * b).sum();
                        (dot / (d as f64).sqrt()).exp()
                    })
                    .collect();
                let total: f64 = weights.iter().sum();
                for i in 0..d {
                    let mix: f64 = weights
                        .iter()
                        .enumerate()
                        .map(|(s, w)| w * head(v, s, h / group)[i])
                        .sum();
                    row.push(mix / total);
                }
            }
            row
        })
        .collect()
}
