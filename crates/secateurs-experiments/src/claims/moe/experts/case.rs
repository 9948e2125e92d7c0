//! The extent of the measurement, and the keys of its cells.

use std::fmt;

use secateurs::ExpertMethod;

use crate::fixtures;
use crate::outcome::Tier;

/// Shares of experts that go.
const SHARES: [f64; 3] = [0.25, 0.5, 0.75];
/// Windows that calibrate.
pub const CALIBRATION_WINDOWS: usize = 8;
/// Tokens of a window that calibrates.
pub const CALIBRATION_WINDOW: usize = 256;

/// The extent of the measurement.
pub struct ExpertsCase {
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
        let (seeds, count) = match tier {
            Tier::Quick | Tier::Standard => (3, 12),
            Tier::Full => (10, 64),
        };
        Self {
            seeds,
            test: Excerpt {
                novel: fixtures::TEST,
                count,
                window: 512,
            },
        }
    }

    /// Seed by seed, so that all methods share a seed's observation.
    pub fn keys(&self) -> impl Iterator<Item = ExpertsKey> {
        let of_seed = |seed| places().map(move |(method, share)| ExpertsKey { method, share, seed });
        (0..self.seeds).flat_map(of_seed)
    }
}

/// Every method at every share.
pub fn places() -> impl Iterator<Item = (ExpertMethod, f64)> {
    ExpertMethod::ALL
        .into_iter()
        .flat_map(|method| SHARES.map(|share| (method, share)))
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
