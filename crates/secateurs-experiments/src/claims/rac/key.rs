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
    pub method: Method,
    pub sparsity: f64,
    pub arm: Arm,
    pub seed: u64,
}

impl CalibratedKey {
    /// Whether both differ in nothing but the seed.
    pub fn is_same_arm(&self, other: &Self) -> bool {
        self.is_same_place(other) && self.arm == other.arm
    }

    /// Whether both differ in nothing but arm and seed.
    pub fn is_same_place(&self, other: &Self) -> bool {
        (self.method, self.sparsity) == (other.method, other.sparsity)
    }
}

impl fmt::Display for RacKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dense => formatter.write_str("dense"),
            Self::Magnitude { sparsity } => write!(formatter, "magnitude-{sparsity}"),
            Self::Calibrated(key) => {
                let CalibratedKey {
                    method,
                    sparsity,
                    arm,
                    seed,
                    ..
                } = key;
                write!(formatter, "{method}-{sparsity}-{}-{seed}", arm.name())
            }
        }
    }
}
