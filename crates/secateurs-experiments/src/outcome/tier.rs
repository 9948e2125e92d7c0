//! The extent of a run.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The extent of a claim's run.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum, Default,
)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// Every system beside its controls, at most 90 seconds a claim, with nothing but the repository.
    #[default]
    Quick,
    /// Sweeps, seeds and spreads on the same models: about an hour for all claims, with nothing but the repository.
    Standard,
    /// The real models and data sets, which `cargo xtask data get` fetches, for hours.
    Full,
}

impl fmt::Display for Tier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Quick => "quick",
            Self::Standard => "standard",
            Self::Full => "full",
        })
    }
}
