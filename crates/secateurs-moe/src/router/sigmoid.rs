//! Sigmoid gates with a correction that balances loads.

use burn::tensor::{Tensor, TensorData, activation};
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use super::Router;
use super::logits::{Logits, check_top_k, token_routing};
use super::top_k::Normalise;
use crate::assignment::Assignment;
use crate::error::{MoeError, Result};
use crate::routing::Routing;

/// Every token goes to the `k` experts with the largest `sigmoid(logit) + correction`; gates are the sigmoids, without
/// the correction.
///
/// Between steps [`rebalanced`](Self::rebalanced) raises the correction of experts with few tokens and lowers that of
/// the others, so that no loss is needed to balance them.
///
/// # References
///
/// Wang et al., Auxiliary-Loss-Free Load Balancing Strategy for Mixture-of-Experts, arXiv 2408.15664;
/// DeepSeek-V3 Technical Report, arXiv 2412.19437, equations 12-16.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SigmoidTopK {
    /// Experts per token.
    pub k: usize,
    /// Whether the chosen sigmoids are divided by their sum.
    pub normalise: Normalise,
    /// A factor on all gates.
    pub scale: f64,
    /// Added to each expert's sigmoid when it comes to choosing, `[n_experts]`.
    pub correction: Vec<f32>,
}

impl SigmoidTopK {
    /// `k` of `n_experts` experts per token, gates normalised, nothing corrected yet.
    pub fn new(k: usize, n_experts: usize) -> Self {
        Self {
            k,
            normalise: Normalise::AfterSelection,
            scale: 1.0,
            correction: vec![0.0; n_experts],
        }
    }

    /// The router after a step in which the experts were chosen so many times: each correction moves by `rate`, up where
    /// the load is below the mean, down where it is above.
    ///
    /// # Errors
    ///
    /// If there is not one load per expert.
    pub fn rebalanced(mut self, chosen: &[usize], rate: f32) -> Result<Self> {
        MoeError::check_size("loads", self.correction.len(), chosen.len())?;
        let total: usize = chosen.iter().sum();
        for (correction, &load) in self.correction.iter_mut().zip(chosen) {
            // load < total / n, without a division
            match (load * chosen.len()).cmp(&total) {
                std::cmp::Ordering::Less => *correction += rate,
                std::cmp::Ordering::Greater => *correction -= rate,
                std::cmp::Ordering::Equal => {}
            }
        }
        Ok(self)
    }
}

impl Router for SigmoidTopK {
    fn name(&self) -> &'static str {
        "sigmoid-top-k"
    }

    fn route(&self, logits: Tensor<2>, _randomness: Option<&mut StdRng>) -> Result<Routing> {
        let n_experts = logits.dims()[1];
        check_top_k(self.name(), self.k, n_experts)?;
        MoeError::check_size("corrections", n_experts, self.correction.len())?;
        Logits::read(&logits)?;
        let device = logits.device();
        let sigmoids = activation::sigmoid(logits.clone());
        let correction = TensorData::new(self.correction.clone(), [1, n_experts]);
        let corrected = sigmoids.clone() + Tensor::from_data(correction, (&device, logits.dtype()));
        let values = Logits::read(&corrected)?;
        let choice = values.largest_per_token(self.k);
        let by_expert = choice.by_expert();
        let chosen = by_expert.iter().map(Vec::len).collect();
        let weights = match self.normalise {
            Normalise::BeforeSelection => sigmoids.clone(),
            // exp(log sigmoid) over their sum: the softmax of the logarithms over the chosen.
            Normalise::AfterSelection => choice.softmax(activation::log_sigmoid(logits)),
        };
        let sums = sigmoids.clone().sum_dim(1);
        let probabilities = sigmoids / sums;
        let assignment = Assignment::new(values.n_tokens, by_expert);
        Ok(Routing::Tokens(token_routing(
            assignment,
            weights * self.scale,
            probabilities,
            chosen,
        )))
    }
}
