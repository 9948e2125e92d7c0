//! Soft routing: every token goes to every expert.

use burn::tensor::Tensor;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use super::Router;
use super::logits::{Choice, Logits, token_routing};
use super::precision::softmax;
use crate::assignment::Assignment;
use crate::error::Result;
use crate::routing::Routing;

/// Soft routing: every expert answers every token; the softmax of the logits weights the answers.
///
/// # References
///
/// Jacobs et al., Adaptive Mixtures of Local Experts, 1991.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Soft;

impl Router for Soft {
    fn name(&self) -> &'static str {
        "soft"
    }

    fn route(&self, logits: Tensor<2>, _randomness: Option<&mut StdRng>) -> Result<Routing> {
        let Logits {
            n_tokens, n_experts, ..
        } = Logits::read(&logits)?;
        let by_expert = Choice::all(n_tokens, n_experts).by_expert();
        let dtype = logits.dtype();
        let probabilities = softmax(logits, 1);
        let assignment = Assignment::new(n_tokens, by_expert);
        let chosen = vec![n_tokens; n_experts];
        Ok(Routing::Tokens(token_routing(
            assignment,
            probabilities.clone().cast(dtype),
            probabilities,
            chosen,
        )))
    }
}
