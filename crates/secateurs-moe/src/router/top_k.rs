//! Top-k token choice.

use burn::tensor::Tensor;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use super::Router;
use super::capacity::Capacity;
use super::logits::{Logits, check_top_k, token_routing};
use super::noise::Noise;
use super::precision::softmax;
use crate::assignment::Assignment;
use crate::error::Result;
use crate::routing::Routing;

/// Token choice: every token goes to the `k` experts with the largest logits; among equals to the lower index.
///
/// # Examples
///
/// ```
/// use burn::tensor::Tensor;
/// use secateurs_moe::{Router, Routing, TopK};
///
/// // Probabilities 1/2, 1/4, 1/4: the first two are chosen.
/// let (zero, half) = (0.0, 2f32.ln());
/// let logits = Tensor::<2>::from_floats([[half, zero, zero]], &secateurs_testkit::device());
/// let Routing::Tokens(routing) = TopK::new(2).route(logits, None)? else { unreachable!() };
/// let gates: Vec<f32> = routing.gates.into_data().iter().collect();
/// assert!((gates[0] - 2.0 / 3.0).abs() < 1e-6 && (gates[1] - 1.0 / 3.0).abs() < 1e-6);
/// # Ok::<(), secateurs_moe::MoeError>(())
/// ```
///
/// # References
///
/// Jiang et al., Mixtral of Experts, arXiv 2401.04088 (normalised after selection); Muennighoff et al., OLMoE,
/// arXiv 2409.02060 (before); Fedus et al., Switch Transformers, arXiv 2101.03961 (`k = 1`, before, with capacity).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TopK {
    /// Experts per token.
    pub k: usize,
    /// The experts over which the gates sum to 1.
    pub normalise: Normalise,
    /// Noise on the choice while training.
    pub noise: Noise,
    /// The capacity of an expert, if there is a limit.
    pub capacity: Option<Capacity>,
}

/// The experts over which a token's gates sum to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normalise {
    /// All experts: the gates of the chosen ones sum to less.
    BeforeSelection,
    /// The chosen experts.
    #[default]
    AfterSelection,
}

impl TopK {
    /// A router that sends each token to `k` experts, with gates normalised over them, no noise and no limit.
    pub fn new(k: usize) -> Self {
        Self {
            k,
            normalise: Normalise::default(),
            noise: Noise::default(),
            capacity: None,
        }
    }
}

impl Router for TopK {
    fn name(&self) -> &'static str {
        "top-k"
    }

    fn route(&self, logits: Tensor<2>, mut randomness: Option<&mut StdRng>) -> Result<Routing> {
        check_top_k(self.name(), self.k, logits.dims()[1])?;
        // Refused before noise, which could hide what is wrong.
        let plain = Logits::read(&logits)?;
        let seen = self.noise.add(plain, randomness.as_deref_mut())?;
        let choice = seen.largest_per_token(self.k);
        let mut by_expert = choice.by_expert();
        let chosen = by_expert.iter().map(Vec::len).collect();
        if let Some(capacity) = self.capacity {
            capacity.apply(&mut by_expert, self.k, &seen, randomness)?;
        }
        let dtype = logits.dtype();
        let probabilities = softmax(logits.clone(), 1);
        let weights = match self.normalise {
            Normalise::BeforeSelection => probabilities.clone(),
            Normalise::AfterSelection => choice.softmax(logits),
        };
        let assignment = Assignment::new(seen.n_tokens, by_expert);
        Ok(Routing::Tokens(token_routing(
            assignment,
            weights.cast(dtype),
            probabilities,
            chosen,
        )))
    }
}
