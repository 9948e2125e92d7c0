//! How much is measured, and what each cell is known by.

use std::fmt;

use secateurs::ExpertMethod;

use crate::outcome::Tier;

/// Shares of experts that go.
const SHARES: [f64; 3] = [0.25, 0.5, 0.75];
/// Windows that calibrate.
pub const CALIBRATION_WINDOWS: usize = 8;
/// Tokens of a window that calibrates.
pub const CALIBRATION_WINDOW: usize = 256;

/// How much is measured.
pub struct ExpertsCase {
    pub seeds: u64,
    /// Windows that measure, and their tokens.
    pub test: (usize, usize),
}

impl ExpertsCase {
    pub fn new(tier: Tier) -> Self {
        match tier {
            Tier::Quick => Self {
                seeds: 3,
                test: (12, 512),
            },
            Tier::Full => Self {
                seeds: 10,
                test: (64, 512),
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
