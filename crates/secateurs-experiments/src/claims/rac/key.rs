//! The models that are measured.

use std::fmt;

use secateurs::Method;

/// A source of calibration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arm {
    Corpus,
    PromptOnly,
    OffPolicy,
    Rac,
}

impl Arm {
    pub const ALL: [Self; 4] = [Self::Corpus, Self::PromptOnly, Self::OffPolicy, Self::Rac];

    pub fn name(self) -> &'static str {
        match self {
            Self::Corpus => "corpus",
            Self::PromptOnly => "prompt-only",
            Self::OffPolicy => "off-policy",
            Self::Rac => "rac",
        }
    }
}

/// A model of the claim.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RacKey {
    /// The model before pruning.
    Dense,
    /// Pruned by magnitude, which needs no calibration.
    Magnitude { sparsity: f64 },
    /// Pruned by a method with an arm.
    Calibrated(CalibratedKey),
}

/// A method, a source of calibration and a seed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibratedKey {
    pub place: PlaceKey,
    pub arm: Arm,
    pub seed: u64,
}

/// A method at a sparsity, which every arm calibrates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlaceKey {
    pub method: Method,
    pub sparsity: f64,
}

impl fmt::Display for RacKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dense => formatter.write_str("dense"),
            Self::Magnitude { sparsity } => write!(formatter, "magnitude-{sparsity}"),
            Self::Calibrated(key) => {
                let CalibratedKey { place, arm, seed } = key;
                let PlaceKey { method, sparsity } = place;
                write!(formatter, "{method}-{sparsity}-{}-{seed}", arm.name())
            }
        }
    }
}
