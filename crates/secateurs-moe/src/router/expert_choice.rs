//! Expert choice: experts pick tokens.

use burn::tensor::{Tensor, activation};
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use super::Router;
use super::capacity::Capacity;
use super::logits::{Logits, token_routing};
use super::noise::Noise;
use crate::assignment::Assignment;
use crate::error::Result;
use crate::routing::Routing;

/// Every expert takes the tokens for which it is most probable, the same number each; of equals the earlier token.
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
    /// Experts take `capacity_factor * n_tokens / n_experts` tokens each, without noise.
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
        Logits::read(&logits)?;
        let probabilities = activation::softmax(logits, 1);
        let noisy = Logits::read(
            &self
                .noise
                .add(&probabilities, randomness)?
                .unwrap_or_else(|| probabilities.clone()),
        )?;
        let room = Capacity::of_factor(self.capacity_factor).tokens(1, noisy.n_tokens, noisy.n_experts)?;
        let room = room.min(noisy.n_tokens);
        let pick = |expert: usize| {
            let value = |token: usize| noisy.token(token)[expert];
            let mut tokens: Vec<usize> = (0..noisy.n_tokens).collect();
            tokens.sort_by(|&a, &b| value(b).total_cmp(&value(a)).then(a.cmp(&b)));
            tokens.truncate(room);
            tokens
        };
        let by_expert: Vec<Vec<usize>> = (0..noisy.n_experts).map(pick).collect();
        let chosen = vec![room; noisy.n_experts];
        let assignment = Assignment::new(noisy.n_tokens, by_expert);
        Ok(Routing::Tokens(token_routing(
            assignment,
            probabilities.clone(),
            probabilities,
            chosen,
        )))
    }
}
