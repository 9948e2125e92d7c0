//! Generated studies with known effects.

use std::f64::consts::PI;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::data::study::{Outcomes, Study};
use crate::{CausalError, Result};

/// A confounded study with an additive outcome and an effect in closed form.
///
/// Covariates `x0, x1, x2` are uniform on [-1, 1], `x3` and `x4` are 1 with probability 0.5 and 0.3, else 0, and
/// `P(t = 1) = 1 / (1 + exp(-confounding (1.5 x0 + x3 - 0.5)))`,
/// `mu0 = 1 + 2 x0 + 1.5 x2^2 + x3`, `mu1 = mu0 + tau`, `tau = 2 + sin(pi x0) + x1^2`, `y = mu_t + noise N(0, 1)`.
/// `x4` does nothing. The treated have larger `x0` and `x3`, hence larger outcomes even without treatment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Synthetic {
    /// Number of rows.
    pub rows: usize,
    /// Strength of the covariates' influence on the treatment; 0 makes a randomised study.
    pub confounding: f64,
    /// Standard deviation of the noise.
    pub noise: f64,
}

impl Synthetic {
    /// Number of covariates.
    pub const D_INPUT: usize = 5;

    /// The default study: confounded rows with noise of a fifth.
    pub fn new(rows: usize) -> Self {
        Self {
            rows,
            confounding: 1.0,
            noise: 0.2,
        }
    }

    /// The effect at `x`, `[D_INPUT]`.
    pub fn effect(x: &[f64]) -> f64 {
        2.0 + (PI * x[0]).sin() + x[1] * x[1]
    }

    /// The probability of treatment at `x`, `[D_INPUT]`.
    pub fn propensity(&self, x: &[f64]) -> f64 {
        1.0 / (1.0 + (-self.confounding * (1.5 * x[0] + x[3] - 0.5)).exp())
    }

    /// Generates a study with its true outcomes; the same for the same seed.
    ///
    /// # Errors
    ///
    /// If the noise or the confounding is negative or not finite, or, with few rows, if all belong to one arm.
    pub fn study(&self, seed: u64) -> Result<Study> {
        for (what, got) in [("noise", self.noise), ("confounding", self.confounding)] {
            if !(got >= 0.0 && got.is_finite()) {
                let range = "at least 0 and finite";
                return Err(CausalError::OutOfRange { what, range, got });
            }
        }
        let mut rng = StdRng::seed_from_u64(seed);
        let (mut x, mut treatment, mut outcome) = (Vec::new(), Vec::new(), Vec::new());
        let (mut mu0, mut mu1) = (Vec::new(), Vec::new());
        for _ in 0..self.rows {
            let row = covariates(&mut rng);
            let base = 1.0 + 2.0 * row[0] + 1.5 * row[2] * row[2] + row[3];
            let treated = rng.random::<f64>() < self.propensity(&row);
            let effect = Self::effect(&row);
            let expected = if treated { base + effect } else { base };
            outcome.push(expected + self.noise * normal(&mut rng));
            treatment.push(f64::from(u8::from(treated)));
            mu0.push(base);
            mu1.push(base + effect);
            x.extend(row);
        }
        Study::new(x, Self::D_INPUT, &treatment, outcome)?.with_truth(Outcomes { mu0, mu1 })
    }
}

fn covariates(rng: &mut StdRng) -> [f64; Synthetic::D_INPUT] {
    let mut uniform = || 2.0 * rng.random::<f64>() - 1.0;
    let [x0, x1, x2] = [uniform(), uniform(), uniform()];
    let mut binary = |probability: f64| f64::from(u8::from(rng.random::<f64>() < probability));
    [x0, x1, x2, binary(0.5), binary(0.3)]
}

/// A normal deviate by the method of Box and Muller.
fn normal(rng: &mut StdRng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (2.0 * PI * rng.random::<f64>()).cos()
}
