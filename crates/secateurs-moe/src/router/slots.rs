//! Soft slots: experts see mixtures of all tokens.

use burn::tensor::Tensor;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use super::Router;
use super::logits::Logits;
use super::precision::{softmax, wide};
use crate::error::{MoeError, Result};
use crate::routing::{Routing, SlotRouting};

/// Soft slots: every slot of an expert gets a mixture of all tokens, and every token a mixture of all answers, by a
/// softmax of the logits over tokens and one over slots.
///
/// Nothing is dropped and everything is differentiable; the choice depends on later tokens, so it does not suit causal
/// models.
///
/// # References
///
/// Puigcerver et al., From Sparse to Soft Mixtures of Experts, arXiv 2308.00951, equations 1-3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoftSlots {
    /// Slots of each expert.
    pub slots_per_expert: usize,
}

impl Router for SoftSlots {
    fn name(&self) -> &'static str {
        "soft-slots"
    }

    fn slots_per_expert(&self) -> usize {
        self.slots_per_expert
    }

    fn route(&self, logits: Tensor<2>, _randomness: Option<&mut StdRng>) -> Result<Routing> {
        let n_slots = logits.dims()[1];
        if self.slots_per_expert == 0 || !n_slots.is_multiple_of(self.slots_per_expert) {
            return Err(MoeError::Setting {
                setting: "the number of slots per expert",
                value: self.slots_per_expert as f64,
                expected: "a divisor of the number of logits",
            });
        }
        Logits::read(&logits)?;
        let dtype = logits.dtype();
        Ok(Routing::Slots(SlotRouting {
            dispatch: softmax(logits.clone(), 0).transpose().cast(dtype),
            combine: softmax(logits, 1).cast(dtype),
            slots_per_expert: self.slots_per_expert,
        }))
    }
}

/// The logits of slots: `scale * x/|x| . phi/|phi|`. Their size does not grow with the width of the model.
///
/// # Shapes
///
/// `tokens`: `[n_tokens, d_model]`, `slots`: `[n_slots, d_model]`; result `[n_tokens, n_slots]`.
///
/// # References
///
/// arXiv 2308.00951, section 2.3; the epsilon comes from the authors' code.
pub fn slot_logits(tokens: Tensor<2>, slots: Tensor<2>, scale: Tensor<1>) -> Tensor<2> {
    let dtype = tokens.dtype();
    // Squares of half-precision numbers over- and underflow.
    let unit = |x: Tensor<2>| {
        let x = wide(x);
        let norms = x.clone().powi_scalar(2).sum_dim(1).sqrt();
        x / (norms + 1e-6)
    };
    let logits = unit(tokens).matmul(unit(slots).transpose()) * wide(scale).unsqueeze();
    logits.cast(dtype)
}
