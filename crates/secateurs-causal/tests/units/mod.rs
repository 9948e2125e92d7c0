//! Studies in other units: every covariate becomes `a x + b`, every outcome `c y + d`.

// Each test binary uses a part of it.
#![allow(dead_code)]

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secateurs_causal::{Outcomes, Study, Summary, Synthetic};

/// `scale v + shift`.
#[derive(Debug, Clone, Copy)]
pub struct Map {
    pub scale: f64,
    pub shift: f64,
}

impl Map {
    pub const NONE: Self = Self { scale: 1.0, shift: 0.0 };

    pub fn of(self, value: f64) -> f64 {
        self.scale * value + self.shift
    }

    /// Scales of either sign from 1e-9 to 1e9, shifts of up to a million of these units.
    pub fn random(rng: &mut StdRng) -> Self {
        let mut power = |low: f64, high: f64| 10f64.powf(low + (high - low) * rng.random::<f64>());
        let (size, far) = (power(-9.0, 9.0), power(-2.0, 6.0));
        let sign = if rng.random() { 1.0 } else { -1.0 };
        let side = if rng.random() { 1.0 } else { -1.0 };
        Self {
            scale: sign * size,
            shift: side * size * far,
        }
    }
}

/// Units of all columns of a study.
#[derive(Debug, Clone)]
pub struct Units {
    pub covariates: Vec<Map>,
    pub outcome: Map,
}

impl Units {
    pub fn random(d_input: usize, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        Self {
            covariates: (0..d_input).map(|_| Map::random(&mut rng)).collect(),
            outcome: Map::random(&mut rng),
        }
    }

    pub fn rows(&self, x: &[f64]) -> Vec<f64> {
        let d_input = self.covariates.len();
        let of = |(at, value): (usize, &f64)| self.covariates[at % d_input].of(*value);
        x.iter().enumerate().map(of).collect()
    }

    pub fn study(&self, study: &Study) -> Study {
        let map = |values: &[f64]| values.iter().map(|value| self.outcome.of(*value)).collect::<Vec<f64>>();
        let x = self.rows(study.x());
        let mapped = Study::new(x, study.d_input(), &study.treatment(), map(study.outcome())).unwrap();
        let truth = study.truth().unwrap();
        let truth = Outcomes {
            mu0: map(&truth.mu0),
            mu1: map(&truth.mu1),
        };
        mapped.with_truth(truth).unwrap()
    }

    /// How far outcomes and effects of the study in these units are from those in its own, in deviations of its outcomes.
    pub fn distance(&self, study: &Study, own: &Outcomes, mapped: &Outcomes) -> f64 {
        let deviation = Summary::of(study.outcome()).unwrap().deviation;
        let Map { scale, shift } = self.outcome;
        let outcomes = own.mu0.iter().chain(&own.mu1).zip(mapped.mu0.iter().chain(&mapped.mu1));
        let of_outcomes = outcomes.map(|(own, mapped)| ((mapped - shift) / scale - own).abs());
        let (own, mapped) = (own.effects(), mapped.effects());
        let of_effects = own
            .iter()
            .zip(&mapped)
            .map(|(own, mapped)| (mapped / scale - own).abs());
        of_outcomes.chain(of_effects).fold(0.0, f64::max) / deviation
    }
}

/// Generated rows with a category of three values, each with an effect of its own, and a column without variation.
pub fn study(rows: usize, seed: u64) -> Study {
    let plain = Synthetic::new(rows).study(seed).unwrap();
    let mut rng = StdRng::seed_from_u64(seed + 1000);
    let mut truth = plain.truth().unwrap().clone();
    let (mut x, mut y) = (Vec::new(), plain.outcome().to_vec());
    for (row, y) in y.iter_mut().enumerate() {
        let category = rng.random_range(0..3usize);
        let added = [0.5, -1.0, 0.8][category];
        truth.mu1[row] += added;
        *y += if plain.treated()[row] { added } else { 0.0 };
        x.extend_from_slice(plain.row(row));
        x.extend([category as f64, 7.0]);
    }
    let study = Study::new(x, Synthetic::D_INPUT + 2, &plain.treatment(), y).unwrap();
    study.with_truth(truth).unwrap()
}
