//! The extent of the run, and the keys of its cells.

use std::fmt;

use secateurs::kan::Fold;

use super::sampling::{ROUGHNESS, SampledKey};
use super::target::{TARGETS, Target};
use crate::outcome::Tier;

/// The extent of the run.
pub struct ShapkanCase {
    pub targets: &'static [Target],
    pub seeds: u64,
    /// Rows of each set, training and test.
    pub n_rows: usize,
    pub steps: usize,
    pub refit_steps: usize,
    /// Kinds of pruning after which there is a refit.
    pub refitted: &'static [Fold],
    pub lambda: f64,
    pub shifts: &'static [f64],
    /// Random networks whose values are sampled.
    pub sampled_networks: u64,
    /// Seeds of orders for each.
    pub sampling_seeds: u64,
}

const QUICK: ShapkanCase = ShapkanCase {
    // Two, four and five inputs, which matter differently.
    targets: &[TARGETS[0], TARGETS[2], TARGETS[5]],
    sampled_networks: 2,
    sampling_seeds: 2,
    ..STANDARD
};

const STANDARD: ShapkanCase = ShapkanCase {
    targets: TARGETS.split_at(6).0,
    seeds: 5,
    n_rows: 400,
    steps: 20,
    refit_steps: 10,
    refitted: &[Fold::Mean],
    lambda: 1e-3,
    shifts: &[0.5, 1.0, 2.0],
    sampled_networks: 3,
    sampling_seeds: 3,
};

const FULL: ShapkanCase = ShapkanCase {
    targets: &TARGETS,
    seeds: 8,
    n_rows: 1000,
    steps: 30,
    refit_steps: 20,
    refitted: &[Fold::Mean, Fold::Zero],
    sampled_networks: 10,
    sampling_seeds: 10,
    ..STANDARD
};

impl ShapkanCase {
    pub fn new(tier: Tier) -> Self {
        match tier {
            Tier::Quick => QUICK,
            Tier::Standard => STANDARD,
            Tier::Full => FULL,
        }
    }

    /// Nodes left in each hidden layer, from one less than the narrowest has.
    pub fn nodes_left(&self) -> impl Iterator<Item = usize> + use<> {
        let least = self.targets.iter().map(|target| target.hidden).min().unwrap_or(1);
        (1..least).rev()
    }

    /// The widest first, so that none is left to one thread at the end.
    pub fn networks(&self) -> impl Iterator<Item = NetworkKey> {
        let seeds = |target: &Target| 0..self.seeds.min(target.most_seeds);
        let of_target = move |target: &'static Target| seeds(target).map(move |seed| NetworkKey { target, seed });
        self.targets.iter().rev().flat_map(of_target)
    }

    /// Random networks whose values are sampled.
    pub fn sampled(&self) -> impl Iterator<Item = SampledKey> {
        let of_roughness =
            |&roughness: &f64| (0..self.sampled_networks).map(move |network| SampledKey { roughness, network });
        ROUGHNESS.iter().flat_map(of_roughness)
    }
}

/// Networks of one function and seed.
#[derive(Clone, Copy)]
pub struct NetworkKey {
    pub target: &'static Target,
    pub seed: u64,
}

/// A cell of the claim.
pub enum ShapkanKey {
    Network(NetworkKey),
    Sampled(SampledKey),
}

impl fmt::Display for ShapkanKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(key) => write!(formatter, "{}-{}", key.target.name, key.seed),
            Self::Sampled(key) => write!(formatter, "sampling-{}-{}", key.roughness, key.network),
        }
    }
}
