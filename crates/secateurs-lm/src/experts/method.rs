//! The methods of removing experts by name.

use std::fmt;
use std::str::FromStr;

use secateurs_importance::UnitImportance;
use secateurs_moe::prune::{ActivationNorm, ExpertEvidence, Frequency, GateMass, OutputVariance, RandomExperts, Reap};
use serde::{Deserialize, Serialize};

use crate::run::unknown_method::UnknownMethod;

/// A method that chooses experts to remove, and their replacements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExpertMethod {
    /// Removes random experts: the control that every method must beat.
    Random,
    /// Removes the experts that answer the fewest tokens.
    Frequency,
    /// Removes the experts with the smallest sum of gates.
    GateMass,
    /// Removes the experts with the smallest sum of `||f(x)||`.
    Ean,
    /// Removes the experts with the smallest mean of `g(x) ||f(x)||` (arXiv 2510.13999).
    Reap,
    /// Keeps the subset of experts that changes the layer's output least (arXiv 2402.14800).
    Naee,
    /// Removes the experts that constants replace best, and puts these constants in their place (arXiv 2507.00390).
    Mone,
    /// Removes the experts that REAP removes, and puts constants in their place.
    #[serde(rename = "reap+mean")]
    ReapMean,
    /// Merges experts with similar answers (arXiv 2410.08589).
    #[serde(rename = "hc-smoe")]
    HcSmoe,
    /// Keeps all experts and removes this share of the weights of each (arXiv 2410.12013).
    MoePruner,
}

impl ExpertMethod {
    /// All methods, controls first.
    pub const ALL: [Self; 10] = [
        Self::Random,
        Self::Frequency,
        Self::GateMass,
        Self::Ean,
        Self::Reap,
        Self::Naee,
        Self::Mone,
        Self::ReapMean,
        Self::HcSmoe,
        Self::MoePruner,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Frequency => "frequency",
            Self::GateMass => "gate-mass",
            Self::Ean => "ean",
            Self::Reap => "reap",
            Self::Naee => "naee",
            Self::Mone => "mone",
            Self::ReapMean => "reap+mean",
            Self::HcSmoe => "hc-smoe",
            Self::MoePruner => "moe-pruner",
        }
    }

    /// Whether the method is a trivial control.
    pub fn is_control(self) -> bool {
        self == Self::Random
    }

    /// Whether constants replace experts; no model file can hold them.
    pub fn leaves_constants(self) -> bool {
        matches!(self, Self::Mone | Self::ReapMean)
    }

    /// Whether the method removes experts rather than weights of experts.
    pub fn removes_experts(self) -> bool {
        self != Self::MoePruner
    }

    /// The score that chooses the experts, if the method uses one.
    pub(crate) fn importance(self, seed: u64) -> Option<Box<dyn UnitImportance<Evidence = ExpertEvidence>>> {
        Some(match self {
            Self::Random => Box::new(RandomExperts { seed }),
            Self::Frequency => Box::new(Frequency),
            Self::GateMass => Box::new(GateMass),
            Self::Ean => Box::new(ActivationNorm),
            Self::Reap | Self::ReapMean => Box::new(Reap),
            Self::Mone => Box::new(OutputVariance),
            Self::Naee | Self::HcSmoe | Self::MoePruner => return None,
        })
    }
}

impl fmt::Display for ExpertMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ExpertMethod {
    type Err = UnknownMethod;

    fn from_str(text: &str) -> Result<Self, UnknownMethod> {
        Self::ALL
            .into_iter()
            .find(|method| method.name() == text)
            .ok_or_else(|| UnknownMethod {
                name: text.to_owned(),
                known: Self::ALL.map(Self::name).join(", "),
            })
    }
}
