//! Expert choice: experts pick tokens.

use burn::tensor::Tensor;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use super::Router;
use super::capacity::Capacity;
use super::logits::{Logits, largest_keys, token_routing};
use super::noise::Noise;
use super::precision::softmax;
use crate::assignment::Assignment;
use crate::error::Result;
use crate::routing::Routing;

/// Expert choice: every expert takes the tokens for which it is most probable, the same number each; among equals the
/// earlier token.
///
/// Probabilities are compared by their log-odds, which differ where probabilities round to 0 or 1; with noise, which is added to
/// probabilities, by their noisy values.
///
/// Loads are even by construction. A token may get any number of experts, none included, and the choice depends on later
/// tokens, so it does not suit causal models.
///
/// # References
///
/// Zhou et al., Mixture-of-Experts with Expert Choice Routing, arXiv 2202.09368.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ExpertChoice {
    /// Experts per token on average.
    pub capacity_factor: f64,
    /// Noise on the choice while training.
    pub noise: Noise,
}

impl ExpertChoice {
    /// A router whose experts take `capacity_factor * n_tokens / n_experts` tokens each, without noise.
    pub fn new(capacity_factor: f64) -> Self {
        Self {
            capacity_factor,
            noise: Noise::Off,
        }
    }
}

impl Router for ExpertChoice {
    fn name(&self) -> &'static str {
        "expert-choice"
    }

    fn route(&self, logits: Tensor<2>, randomness: Option<&mut StdRng>) -> Result<Routing> {
        let plain = Logits::read(&logits)?;
        let (n_tokens, n_experts) = (plain.n_tokens, plain.n_experts);
        let room = Capacity::of_factor(self.capacity_factor).tokens(1, n_tokens, n_experts)?;
        let room = room.min(n_tokens);
        let odds = with_values(&plain, log_odds(&plain));
        let is_noisy = self.noise != Noise::Off && randomness.is_some();
        let probabilities = odds.values.iter().map(|odds| 1.0 / (1.0 + (-odds).exp()));
        let noisy = self
            .noise
            .add(with_values(&plain, probabilities.collect()), randomness)?;
        let seen = if is_noisy { &noisy } else { &odds };
        let pick = |expert: usize| {
            let key = |token: usize| [seen, &odds].map(|values| values.token(token)[expert]);
            largest_keys(&(0..n_tokens).map(key).collect::<Vec<_>>(), room)
        };
        let by_expert: Vec<Vec<usize>> = (0..n_experts).map(pick).collect();
        let dtype = logits.dtype();
        let probabilities = softmax(logits, 1);
        Ok(Routing::Tokens(token_routing(
            Assignment::new(n_tokens, by_expert),
            probabilities.clone().cast(dtype),
            probabilities,
            vec![room; n_experts],
        )))
    }
}

fn with_values(logits: &Logits, values: Vec<f64>) -> Logits {
    Logits { values, ..*logits }
}

/// The log-odds `ln(p / (1 - p)) = -ln sum_j exp(z_j - z_e)` over all other experts `j`, infinite if there is none.
fn log_odds(logits: &Logits) -> Vec<f64> {
    let of_token = |token: usize| {
        let values = logits.token(token);
        // In one order, so that experts may change places and equal odds stay equal.
        let mut sorted = values.to_vec();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let [first, second] = [sorted[0], sorted.get(1).copied().unwrap_or(f64::NEG_INFINITY)];
        let sum = |from: usize| sorted[from..].iter().map(|z| (z - sorted[from]).exp()).sum::<f64>();
        let of_first = match sorted.len() {
            1 => f64::INFINITY,
            _ => first - second - sum(1).ln(),
        };
        let all = sum(0);
        values.iter().map(move |z| match z - first {
            0.0 => of_first,
            below => below - (all - below.exp()).ln(),
        })
    };
    (0..logits.n_tokens).flat_map(of_token).map(|odds| odds + 0.0).collect()
}
