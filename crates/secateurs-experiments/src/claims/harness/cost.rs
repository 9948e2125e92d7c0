//! The duration and the needs of a claim.

use crate::outcome::Tier;

/// Durations of a claim as measured on two cores, programs built; and its requirements.
///
/// ```
/// use secateurs_experiments::claims::Cost;
/// use secateurs_experiments::outcome::Tier;
///
/// let cost = Cost { quick: Some(41.0), ..Cost::UNKNOWN };
/// assert_eq!(cost.seconds(Tier::Quick), Some(41.0));
/// assert_eq!(cost.seconds(Tier::Full), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// Seconds of the quick tier; `None` before they were measured.
    pub quick: Option<f64>,
    /// Seconds of the standard tier.
    pub standard: Option<f64>,
    /// Seconds of the full tier.
    pub full: Option<f64>,
    /// Models and data sets of the full tier, by their names in `cargo xtask data list`. The other tiers need none.
    pub datasets: &'static [&'static str],
}

impl Cost {
    /// The cost of a claim that was never measured.
    pub const UNKNOWN: Self = Self {
        quick: None,
        standard: None,
        full: None,
        datasets: &[],
    };

    /// Seconds of a tier.
    pub fn seconds(&self, tier: Tier) -> Option<f64> {
        match tier {
            Tier::Quick => self.quick,
            Tier::Standard => self.standard,
            Tier::Full => self.full,
        }
    }

    /// Models and data sets that a tier needs beyond the repository.
    pub fn datasets(&self, tier: Tier) -> &'static [&'static str] {
        match tier {
            Tier::Quick | Tier::Standard => &[],
            Tier::Full => self.datasets,
        }
    }
}
