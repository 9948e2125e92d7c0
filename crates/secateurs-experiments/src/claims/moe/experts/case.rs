//! The extent of the measurement, and the keys of its cells.

use std::fmt;

use secateurs::ExpertMethod;

use crate::fixtures;
use crate::outcome::Tier;

/// Windows that calibrate.
pub const CALIBRATION_WINDOWS: usize = 8;
/// Tokens of a window that calibrates.
pub const CALIBRATION_WINDOW: usize = 256;

/// The extent of the measurement.
pub struct ExpertsCase {
    /// Shares of experts that go.
    pub shares: &'static [f64],
    /// Each seed calibrates on other windows and draws other random experts.
    pub seeds: u64,
    /// Windows that measure.
    pub test: Excerpt,
}

/// The first windows of a novel.
pub struct Excerpt {
    pub novel: &'static str,
    /// Windows.
    pub count: usize,
    /// Tokens of a window.
    pub window: usize,
}

impl ExpertsCase {
    pub fn new(tier: Tier) -> Self {
        let (shares, seeds, count): (&[f64], _, _) = match tier {
            Tier::Quick => (&[0.5], 3, 12),
            Tier::Standard => (&[0.25, 0.5, 0.75], 3, 12),
            Tier::Full => (&[0.25, 0.5, 0.75], 10, 64),
        };
        Self {
            shares,
            seeds,
            test: Excerpt {
                novel: fixtures::TEST,
                count,
                window: 512,
            },
        }
    }

    /// Every method at every share, seed by seed, so that all methods share a seed's observation.
    pub fn keys(&self) -> impl Iterator<Item = ExpertsKey> {
        let shares = self.shares;
        let of_seed = move |seed| {
            let of_method = move |method| shares.iter().map(move |&share| ExpertsKey { method, share, seed });
            ExpertMethod::ALL.into_iter().flat_map(of_method)
        };
        (0..self.seeds).flat_map(of_seed)
    }
}

/// One method at one share with one seed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExpertsKey {
    pub method: ExpertMethod,
    pub share: f64,
    pub seed: u64,
}

impl fmt::Display for ExpertsKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = self.share * 100.0;
        write!(formatter, "experts-{}-{percent}%-{}", self.method.name(), self.seed)
    }
}
