//! The choice of the next token.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secateurs_ops::slices::softmax;

use crate::error::RuntimeError;

/// Settings of the choice of the next token from its logits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Temperature, the divisor of the logits; 0 takes the most likely token.
    pub temperature: f64,
    /// Number of the most likely tokens to choose from; 0 for all.
    pub top_k: usize,
    /// Share of the probability that the most likely tokens to choose from must reach together; 1 for all.
    pub top_p: f64,
    /// Seed of the sampler.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 0.0,
            top_k: 0,
            top_p: 1.0,
            seed: 0,
        }
    }
}

/// Chooses tokens.
#[derive(Debug)]
pub struct Sampler {
    sampling: Sampling,
    random: StdRng,
}

impl Sampler {
    /// A sampler at the start of its random numbers.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::Sampling`] for a negative temperature or a `top_p` outside (0, 1].
    pub fn new(sampling: Sampling) -> Result<Self, RuntimeError> {
        let refuse = |setting, value, expected| {
            Err(RuntimeError::Sampling {
                setting,
                value,
                expected,
            })
        };
        if !(sampling.temperature >= 0.0 && sampling.temperature.is_finite()) {
            return refuse("temperature", sampling.temperature, "0 or more");
        }
        if !(sampling.top_p > 0.0 && sampling.top_p <= 1.0) {
            return refuse("top-p", sampling.top_p, "more than 0 and at most 1");
        }
        Ok(Self {
            sampling,
            random: StdRng::seed_from_u64(sampling.seed),
        })
    }

    /// Chooses from `logits [vocab_size]`: takes the `top_k` largest, of these the fewest whose probabilities at this
    /// temperature reach `top_p`, and draws one in proportion to its probability. Equal logits count from the lower
    /// token up.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::LogitNotFinite`].
    pub fn choose(&mut self, logits: &[f32]) -> Result<u32, RuntimeError> {
        if let Some(token) = logits.iter().position(|logit| !logit.is_finite()) {
            return Err(RuntimeError::LogitNotFinite {
                token,
                value: logits[token],
            });
        }
        if self.sampling.temperature == 0.0 {
            return Ok(largest(logits));
        }
        let (tokens, probabilities) = self.candidates(logits);
        let total: f32 = probabilities.iter().sum();
        let mut left = self.random.random::<f32>() * total;
        for (token, probability) in tokens.iter().zip(&probabilities) {
            left -= probability;
            if left < 0.0 {
                return Ok(*token);
            }
        }
        Ok(*tokens.last().expect("there is a most likely token"))
    }

    /// Tokens from the most likely down, with their probabilities among the `top_k`.
    fn candidates(&self, logits: &[f32]) -> (Vec<u32>, Vec<f32>) {
        let mut tokens: Vec<u32> = (0..logits.len() as u32).collect();
        let order = |a: &u32, b: &u32| logits[*b as usize].total_cmp(&logits[*a as usize]).then(a.cmp(b));
        if (1..tokens.len()).contains(&self.sampling.top_k) {
            tokens.select_nth_unstable_by(self.sampling.top_k, order);
            tokens.truncate(self.sampling.top_k);
        }
        tokens.sort_unstable_by(order);
        let peak = logits[tokens[0] as usize];
        let inverse = 1.0 / self.sampling.temperature;
        let scaled = tokens
            .iter()
            .map(|token| (f64::from(logits[*token as usize] - peak) * inverse) as f32);
        let mut probabilities: Vec<f32> = scaled.collect();
        softmax(&mut probabilities);
        let mut sum = 0.0;
        let enough = probabilities.iter().position(|probability| {
            sum += f64::from(*probability);
            sum >= self.sampling.top_p
        });
        if let Some(last) = enough {
            tokens.truncate(last + 1);
            probabilities.truncate(last + 1);
        }
        (tokens, probabilities)
    }
}

/// The lowest of the tokens with the largest logit.
fn largest(logits: &[f32]) -> u32 {
    let mut best = 0;
    for (token, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = token;
        }
    }
    best as u32
}
