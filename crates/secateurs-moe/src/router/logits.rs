//! Logits on the host, where experts are chosen.

use std::cmp::Ordering;

use burn::tensor::{Bool, Tensor, TensorData};

use super::precision::softmax;
use crate::assignment::Assignment;
use crate::error::{MoeError, Result};
use crate::routing::TokenRouting;

/// A matrix `[n_tokens, n_experts]` of finite numbers in double precision, whatever the precision of the tensor, so
/// that no two of them become equal. There is no `-0`, which would not tie with 0.
pub(super) struct Logits {
    pub(super) values: Vec<f64>,
    pub(super) n_tokens: usize,
    pub(super) n_experts: usize,
}

impl Logits {
    pub(super) fn read(logits: &Tensor<2>) -> Result<Self> {
        let [n_tokens, n_experts] = logits.dims();
        if n_tokens == 0 {
            return Err(MoeError::NoTokens);
        }
        let values: Vec<f64> = logits.to_data().iter::<f64>().map(|value| value + 0.0).collect();
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

    pub(super) fn token(&self, token: usize) -> &[f64] {
        &self.values[token * self.n_experts..][..self.n_experts]
    }

    /// The `k` experts of every token with the largest logits. Of equals the lower index is chosen.
    pub(super) fn largest_per_token(&self, k: usize) -> Choice {
        self.best_per_token(k, |_, logit| [logit])
    }

    /// The `k` experts of every token with the largest keys, compared number by number, where a key is made from an
    /// expert and its logit. Of equals the lower index is chosen.
    pub(super) fn best_per_token<const N: usize>(&self, k: usize, key: impl Fn(usize, f64) -> [f64; N]) -> Choice {
        let mut chosen = vec![false; self.values.len()];
        for token in 0..self.n_tokens {
            let logits = self.token(token).iter().enumerate();
            let keys: Vec<[f64; N]> = logits.map(|(expert, logit)| key(expert, *logit)).collect();
            for expert in largest_keys(&keys, k) {
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

/// The indices of the `k` largest keys, compared number by number. Of equals the lower place is taken.
pub(super) fn largest_keys<const N: usize>(keys: &[[f64; N]], k: usize) -> Vec<usize> {
    let compare = |a: &[f64; N], b: &[f64; N]| {
        let pairs = a.iter().zip(b).map(|(a, b)| a.total_cmp(b));
        pairs.fold(Ordering::Equal, Ordering::then)
    };
    let mut places: Vec<usize> = (0..keys.len()).collect();
    places.sort_by(|&a, &b| compare(&keys[b], &keys[a]).then(a.cmp(&b)));
    places.truncate(k);
    places
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

/// Converts pairs to a matrix of flags, `[n_tokens, n_experts]`.
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

    /// The softmax over the chosen experts of every token, `[n_tokens, n_experts]`, in at least single precision; zero
    /// for the others.
    pub(super) fn softmax(&self, logits: Tensor<2>) -> Tensor<2> {
        let left_out: Vec<bool> = self.chosen.iter().map(|chosen| !chosen).collect();
        let left_out = TensorData::new(left_out, [self.n_tokens, self.n_experts]);
        let left_out = Tensor::<2, Bool>::from_data(left_out, &logits.device());
        softmax(logits.mask_fill(left_out, f32::NEG_INFINITY), 1)
    }
}

/// The routing of `assignment` with gates from `weights`, `[n_tokens, n_experts]`.
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
