//! Errors of sampled Shapley values.

use burn::tensor::{Device, FloatDType};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secateurs::kan::{Baseline, BasisConfig, Kan, KanConfig, Payoff, Sampling, ShapleyConfig, shapley};
use serde::{Deserialize, Serialize};

use crate::ExperimentError;
use crate::outcome::Row;

/// Numbers of permutations; the pairs are half as many.
pub const PERMUTATIONS: [usize; 4] = [4, 16, 64, 256];

/// Widths of the noise in the splines of random networks: pykan starts with .3 and is almost linear, so that there is nothing to
/// sample; at 3 few players interact, at 10 many.
pub const ROUGHNESS: [f64; 2] = [3.0, 10.0];

const PLAYERS: usize = 8;
const ROWS: usize = 400;

/// A random network whose values are sampled.
#[derive(Clone, Copy)]
pub struct SampledKey {
    /// Width of the noise in its splines.
    pub roughness: f64,
    /// Seed of its parameters.
    pub network: u64,
}

/// Root mean square errors over the players, relative to the root mean square of the exact values.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SamplingError {
    pub roughness: f64,
    pub permutations: usize,
    pub plain: f64,
    pub antithetic: f64,
}

/// Errors for one random network with seed after seed of the orders.
pub fn measure_sampling(key: SampledKey, seeds: u64, device: &Device) -> Result<Vec<SamplingError>, ExperimentError> {
    let toy = Toy::new(key, device)?;
    let exact = toy.values(Sampling::Exact)?;
    let mut all = Vec::new();
    for permutations in PERMUTATIONS {
        for seed in 0..seeds {
            let pairs = permutations / 2;
            all.push(SamplingError {
                roughness: key.roughness,
                permutations,
                plain: relative_error(&toy.values(Sampling::Plain { permutations, seed })?, &exact),
                antithetic: relative_error(&toy.values(Sampling::Antithetic { pairs, seed })?, &exact),
            });
        }
    }
    Ok(all)
}

/// A random network of two layers whose inputs are the players.
struct Toy {
    kan: Kan,
    x: Vec<f64>,
}

impl Toy {
    fn new(key: SampledKey, device: &Device) -> Result<Self, ExperimentError> {
        let splines = BasisConfig::BSpline {
            degree: 3,
            n_intervals: 3,
        };
        let mut config = KanConfig::new([PLAYERS, 5, 1], splines)?.with_dtype(FloatDType::F64);
        config.noise = key.roughness;
        let mut rng = StdRng::seed_from_u64(key.network);
        Ok(Self {
            kan: config.init(key.network, device),
            x: (0..ROWS * PLAYERS).map(|_| 2.0 * rng.random::<f64>() - 1.0).collect(),
        })
    }

    /// Values of the mean output, as in the paper.
    fn values(&self, sampling: Sampling) -> Result<Vec<f64>, ExperimentError> {
        let config = ShapleyConfig {
            baseline: Baseline::Zero,
            payoff: Payoff::MeanOutput,
            sampling,
        };
        let x = self.kan.tensor(&self.x, PLAYERS)?;
        Ok(shapley(&self.kan, 0, x, &config)?.unscaled)
    }
}

fn relative_error(got: &[f64], exact: &[f64]) -> f64 {
    let errors: f64 = got.iter().zip(exact).map(|(got, exact)| (got - exact).powi(2)).sum();
    let size: f64 = exact.iter().map(|exact| exact * exact).sum();
    (errors / size).sqrt()
}

/// Errors of plain permutations and of antithetic pairs, and their ratio.
pub fn sampling_rows(errors: &[&SamplingError]) -> Vec<Row> {
    let mut rows = Vec::new();
    for roughness in ROUGHNESS {
        for permutations in PERMUTATIONS {
            let here = |error: &&&SamplingError| error.permutations == permutations && error.roughness == roughness;
            let of = |value: fn(&SamplingError) -> f64| -> Vec<f64> {
                errors.iter().filter(here).map(|error| value(error)).collect()
            };
            let row = |row: Row| row.case("roughness", roughness).case("permutations", permutations);
            rows.push(row(Row::geometric_mean_with_error(
                "plain",
                "sampling_error",
                &of(|error| error.plain),
            )));
            rows.push(row(Row::geometric_mean_with_error(
                "antithetic",
                "sampling_error",
                &of(|error| error.antithetic),
            )));
            let ratios = of(|error| error.plain / error.antithetic);
            rows.push(row(Row::geometric_mean_with_error(
                "plain over antithetic",
                "sampling_error_ratio",
                &ratios,
            )));
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_relative() {
        // sqrt((9 + 16) / (4 + 96))
        assert!((relative_error(&[5.0, 4.0 + 96f64.sqrt()], &[2.0, 96f64.sqrt()]) - 0.5).abs() < 1e-12);
    }
}
