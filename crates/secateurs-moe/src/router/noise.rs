//! Noise on logits during training.

use rand::RngExt;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use super::logits::Logits;
use crate::error::{MoeError, Result};

/// Noise on the choice of experts during training; gates are computed without it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Noise {
    /// No noise.
    #[default]
    Off,
    /// Gumbel noise, so that the largest logit is a sample of the softmax.
    Gumbel,
    /// Normal noise of this standard deviation.
    Normal(f64),
    /// A factor between `1 - x` and `1 + x` on every logit.
    Jitter(f64),
}

impl Noise {
    /// Adds noise to the logits; leaves them as they are without noise or without a source of randomness.
    ///
    /// # Errors
    ///
    /// If the size of the noise is negative or not a number.
    pub(super) fn add(self, mut logits: Logits, randomness: Option<&mut StdRng>) -> Result<Logits> {
        self.check()?;
        let Some(rng) = randomness.filter(|_| self != Self::Off) else {
            return Ok(logits);
        };
        for value in &mut logits.values {
            let draw = self.draw(rng);
            let noisy = match self {
                Self::Jitter(_) => *value * draw,
                _ => *value + draw,
            };
            // Near the largest number; and no -0.
            *value = noisy.clamp(f64::MIN, f64::MAX) + 0.0;
        }
        Ok(logits)
    }

    /// Refuses noise with a negative size or NaN.
    fn check(self) -> Result<()> {
        let (setting, size) = match self {
            Self::Normal(deviation) => ("the noise's standard deviation", deviation),
            Self::Jitter(size) => ("the jitter", size),
            Self::Off | Self::Gumbel => ("", 0.0),
        };
        if !(size >= 0.0 && size.is_finite()) {
            return Err(MoeError::Setting {
                setting,
                value: size,
                expected: "a number from 0 on",
            });
        }
        Ok(())
    }

    fn draw(self, rng: &mut StdRng) -> f64 {
        match self {
            Self::Off => 0.0,
            Self::Gumbel => -(-open_unit(rng).ln()).ln(),
            Self::Normal(deviation) => deviation * normal(rng),
            Self::Jitter(size) => 1.0 + size * (2.0 * rng.random::<f64>() - 1.0),
        }
    }
}

/// A uniform number in (0, 1), both ends excluded.
fn open_unit(rng: &mut StdRng) -> f64 {
    rng.random::<f64>().clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON)
}

/// A standard normal number (Box and Muller).
fn normal(rng: &mut StdRng) -> f64 {
    let radius = (-2.0 * open_unit(rng).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}
