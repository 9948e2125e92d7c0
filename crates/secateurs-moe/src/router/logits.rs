//! Logits on the host, where experts are chosen.

use burn::tensor::{Bool, Tensor, TensorData, activation};

use crate::assignment::Assignment;
use crate::error::{MoeError, Result};
use crate::routing::TokenRouting;

/// A matrix `[n_tokens, n_experts]` of finite numbers.
pub(super) struct Logits {
    pub(super) values: Vec<f32>,
    pub(super) n_tokens: usize,
    pub(super) n_experts: usize,
}

impl Logits {
    pub(super) fn read(logits: &Tensor<2>) -> Result<Self> {
        let [n_tokens, n_experts] = logits.dims();
        if n_tokens == 0 {
            return Err(MoeError::NoTokens);
        }
        let values: Vec<f32> = logits.to_data().iter::<f32>().collect();
        match values.iter().position(|value| !value.is_finite()) {
            Some(index) => Err(MoeError::Logit {
                token: index / n_experts,
                expert: index % n_experts,
                value: values[index],
            }),
            None => Ok(Self {
                values,
                n_tokens,
                n_experts,
            }),
        }
    }

    pub(super) fn token(&self, token: usize) -> &[f32] {
        &self.values[token * self.n_experts..][..self.n_experts]
    }

    /// The `k` largest of every token. Of equals the lower index is chosen.
    pub(super) fn largest_per_token(&self, k: usize) -> Choice {
        let mut chosen = vec![false; self.values.len()];
        let mut order: Vec<usize> = Vec::with_capacity(self.n_experts);
        for token in 0..self.n_tokens {
            let values = self.token(token);
            order.clear();
            order.extend(0..self.n_experts);
            order.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
            for &expert in &order[..k] {
                chosen[token * self.n_experts + expert] = true;
            }
        }
        Choice {
            chosen,
            n_tokens: self.n_tokens,
            n_experts: self.n_experts,
        }
    }
}

/// Refuses to send a token to more experts than there are, or to none.
pub(super) fn check_top_k(router: &'static str, top_k: usize, n_experts: usize) -> Result<()> {
    if top_k == 0 || top_k > n_experts {
        return Err(MoeError::TopK {
            router,
            top_k,
            n_experts,
        });
    }
    Ok(())
}

/// Pairs as a matrix `[n_tokens, n_experts]` of whether.
pub(super) struct Choice {
    pub(super) chosen: Vec<bool>,
    n_tokens: usize,
    n_experts: usize,
}

impl Choice {
    pub(super) fn all(n_tokens: usize, n_experts: usize) -> Self {
        Self {
            chosen: vec![true; n_tokens * n_experts],
            n_tokens,
            n_experts,
        }
    }

    pub(super) fn by_expert(&self) -> Vec<Vec<usize>> {
        let tokens = |expert: usize| {
            let has = |token: &usize| self.chosen[token * self.n_experts + expert];
            (0..self.n_tokens).filter(has).collect()
        };
        (0..self.n_experts).map(tokens).collect()
    }

    /// The softmax over the chosen of every token, `[n_tokens, n_experts]`; zero for the others.
    pub(super) fn softmax(&self, logits: Tensor<2>) -> Tensor<2> {
        let left_out: Vec<bool> = self.chosen.iter().map(|chosen| !chosen).collect();
        let left_out = TensorData::new(left_out, [self.n_tokens, self.n_experts]);
        let left_out = Tensor::<2, Bool>::from_data(left_out, &logits.device());
        activation::softmax(logits.mask_fill(left_out, f32::NEG_INFINITY), 1)
    }
}

/// The routing of `assignment`, its gates taken from `weights`, `[n_tokens, n_experts]`.
pub(super) fn token_routing(
    assignment: Assignment,
    weights: Tensor<2>,
    probabilities: Tensor<2>,
    chosen: Vec<usize>,
) -> TokenRouting {
    let device = weights.device();
    let n = weights.shape().num_elements();
    let gates = if assignment.n_pairs() == 0 {
        Tensor::zeros([0], &device)
    } else {
        weights.reshape([n]).select(0, assignment.flat_indices(&device))
    };
    TokenRouting {
        assignment,
        gates,
        probabilities,
        chosen,
    }
}
