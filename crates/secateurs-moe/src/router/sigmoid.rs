//! Sigmoid gates with a correction that balances loads.

use burn::tensor::Tensor;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use super::Router;
use super::logits::{Logits, check_top_k, token_routing};
use super::precision::{log_sigmoid, softmax};
use super::top_k::Normalise;
use crate::assignment::Assignment;
use crate::error::{MoeError, Result};
use crate::routing::Routing;

/// Token choice by sigmoids: every token goes to the `k` experts with the largest `sigmoid(logit) + correction`; gates
/// are the sigmoids without the correction.
///
/// Sums are compared as they are, not as some precision rounds them: where all corrections are equal, the largest logits are chosen, also
/// where sigmoids round to 0 or 1. Probabilities are sigmoids over their sum.
///
/// Between steps [`rebalanced`](Self::rebalanced) raises the corrections of experts with few tokens and lowers the
/// others, so that no loss is needed to balance them.
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
    /// Correction added to each expert's sigmoid for the choice only, `[n_experts]`.
    pub correction: Vec<f32>,
}

impl SigmoidTopK {
    /// A router that sends each token to `k` of `n_experts` experts, with normalised gates and no correction yet.
    pub fn new(k: usize, n_experts: usize) -> Self {
        Self {
            k,
            normalise: Normalise::AfterSelection,
            scale: 1.0,
            correction: vec![0.0; n_experts],
        }
    }

    /// Updates the corrections after a step in which the experts were chosen so many times: each moves by `rate`, up
    /// where the load is below the mean, down where it is above.
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

    fn check_corrections(&self) -> Result<()> {
        match self.correction.iter().find(|correction| !correction.is_finite()) {
            None => Ok(()),
            Some(&correction) => Err(MoeError::Setting {
                setting: "the correction of an expert",
                value: f64::from(correction),
                expected: "a finite number",
            }),
        }
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
        self.check_corrections()?;
        let values = Logits::read(&logits)?;
        let choice = if self.correction.windows(2).all(|pair| pair[0] == pair[1]) {
            values.largest_per_token(self.k)
        } else {
            values.best_per_token(self.k, |expert, logit| {
                correct(logit, f64::from(self.correction[expert]))
            })
        };
        let by_expert = choice.by_expert();
        let chosen = by_expert.iter().map(Vec::len).collect();
        let dtype = logits.dtype();
        let logarithms = log_sigmoid(logits);
        let weights = match self.normalise {
            Normalise::BeforeSelection => logarithms.clone().exp(),
            // Sigmoids over their sum: the softmax of their logarithms over the chosen.
            Normalise::AfterSelection => choice.softmax(logarithms.clone()),
        };
        let assignment = Assignment::new(values.n_tokens, by_expert);
        Ok(Routing::Tokens(token_routing(
            assignment,
            (weights * self.scale).cast(dtype),
            softmax(logarithms, 1),
            chosen,
        )))
    }
}

/// A key that orders experts as the exact values of `sigmoid(logit) + correction` do.
///
/// It holds the sum as two numbers; the second holds the digits that do not fit into the first: next to 1 the sigmoids
/// of 20 and of 30 are equal. Where both agree, equal corrections leave the order to the logits.
fn correct(logit: f64, correction: f64) -> [f64; 3] {
    // The sigmoid is `whole + rest`.
    let small = (-logit.abs()).exp();
    let small = small / (1.0 + small);
    let (whole, rest) = if logit > 0.0 { (1.0, -small) } else { (0.0, small) };
    let [high, first_error] = exact_sum(correction, whole);
    let [high, second_error] = exact_sum(high, rest);
    let [high, low] = exact_sum(high, first_error + second_error);
    [high + 0.0, low + 0.0, logit]
}

/// A sum and its rounding error (Knuth).
fn exact_sum(a: f64, b: f64) -> [f64; 2] {
    let sum = a + b;
    let of_b = sum - a;
    [sum, (a - (sum - of_b)) + (b - of_b)]
}
