//! Capacity: the number of tokens that an expert accepts.

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::logits::Logits;
use crate::error::{MoeError, Result};

/// The largest number of tokens that an expert accepts: `max(minimum, ceil(factor * k * n_tokens / n_experts))`.
///
/// A token that finds its expert full is rejected, and is not sent elsewhere. The gates of its other experts stay as
/// they are.
///
/// # References
///
/// Lepikhin et al., GShard, arXiv 2006.16668; Fedus et al., Switch Transformers, arXiv 2101.03961.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Capacity {
    /// Capacity as a multiple of an even load.
    pub factor: f64,
    /// The least capacity of an expert.
    pub minimum: usize,
    /// Priority of tokens where an expert is full.
    pub order: DropOrder,
}

/// Priority of tokens where an expert is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DropOrder {
    /// The tokens with the largest logits; among equals the earlier one.
    #[default]
    Logit,
    /// The earlier tokens.
    Position,
    /// Random tokens; the earlier ones without a source of randomness.
    Random,
}

impl Capacity {
    /// A capacity of `factor` times an even load, the largest logits first.
    pub fn of_factor(factor: f64) -> Self {
        Self {
            factor,
            minimum: 1,
            order: DropOrder::Logit,
        }
    }

    /// Largest number of tokens that an expert accepts.
    ///
    /// # Errors
    ///
    /// If the factor is not a positive number.
    pub fn tokens(&self, top_k: usize, n_tokens: usize, n_experts: usize) -> Result<usize> {
        if !(self.factor > 0.0 && self.factor.is_finite()) {
            return Err(MoeError::Setting {
                setting: "the capacity factor",
                value: self.factor,
                expected: "a number above 0",
            });
        }
        let even = self.factor * (top_k * n_tokens) as f64 / n_experts as f64;
        Ok((even.ceil() as usize).max(self.minimum))
    }

    /// Rejects tokens that exceed the experts' capacity.
    pub(super) fn apply(
        &self,
        by_expert: &mut [Vec<usize>],
        top_k: usize,
        logits: &Logits,
        mut randomness: Option<&mut StdRng>,
    ) -> Result<()> {
        let room = self.tokens(top_k, logits.n_tokens, logits.n_experts)?;
        for (expert, tokens) in by_expert.iter_mut().enumerate() {
            if tokens.len() <= room {
                continue;
            }
            match self.order {
                DropOrder::Logit => tokens.sort_by(|&a, &b| {
                    let logit = |token: usize| logits.token(token)[expert];
                    logit(b).total_cmp(&logit(a)).then(a.cmp(&b))
                }),
                DropOrder::Position => {}
                DropOrder::Random => {
                    if let Some(rng) = randomness.as_deref_mut() {
                        tokens.shuffle(rng);
                    }
                }
            }
            tokens.truncate(room);
        }
        Ok(())
    }
}
