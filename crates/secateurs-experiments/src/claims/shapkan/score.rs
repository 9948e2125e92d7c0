//! Scores that rank nodes.

use burn::tensor::Tensor;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secateurs::kan::{Baseline, Kan, MOST_EXACT, Payoff, Sampling, ShapleyConfig, attribution, shapley};

use crate::ExperimentError;
use crate::outcome::Row;

/// Ways to score the nodes of a layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Score {
    Pykan,
    Shapley(Baseline, Payoff<'static>),
    Magnitude,
    Random,
}

pub const SCORES: [Score; 7] = [
    Score::Pykan,
    Score::Shapley(Baseline::Zero, Payoff::MeanOutput),
    Score::Shapley(Baseline::Zero, Payoff::PerSample),
    Score::Shapley(Baseline::Mean, Payoff::MeanOutput),
    Score::Shapley(Baseline::Mean, Payoff::PerSample),
    Score::Magnitude,
    Score::Random,
];

/// The score that the others are compared with.
pub const REFERENCE: Score = Score::Pykan;

/// Pairs of permutations for layers that are too wide for exact values.
const PAIRS: usize = 16;

impl Score {
    pub fn name(self) -> &'static str {
        match self {
            Self::Pykan => "pykan",
            Self::Shapley(Baseline::Zero, Payoff::PerSample) => "shapkan-zero-rows",
            Self::Shapley(Baseline::Zero, _) => "shapkan-zero",
            Self::Shapley(Baseline::Mean, Payoff::PerSample) => "shapkan-mean-rows",
            Self::Shapley(Baseline::Mean, _) => "shapkan-mean",
            Self::Magnitude => "magnitude",
            Self::Random => "random",
        }
    }

    fn is_control(self) -> bool {
        matches!(self, Self::Magnitude | Self::Random)
    }

    /// A row of this score, marked if it is a control.
    pub fn mark(self, row: Row) -> Row {
        if self.is_control() { row.control() } else { row }
    }

    /// Scores of the nodes of a layer, 0 for the inputs; `draw` is the seed of random ones.
    pub fn score(self, kan: &Kan, layer: usize, x: &Tensor<2>, draw: u64) -> Result<Vec<f64>, ExperimentError> {
        Ok(match self {
            Self::Pykan => attribution(kan, x.clone())?.nodes[layer].values().to_vec(),
            Self::Shapley(baseline, payoff) => {
                let sampling = if kan.layers[layer].d_input() <= MOST_EXACT {
                    Sampling::Exact
                } else {
                    Sampling::Antithetic { pairs: PAIRS, seed: 0 }
                };
                let config = ShapleyConfig {
                    baseline,
                    payoff,
                    sampling,
                };
                shapley(kan, layer, x.clone(), &config)?.unscaled
            }
            Self::Magnitude => magnitudes(kan, layer),
            Self::Random => {
                let mut rng = StdRng::seed_from_u64(draw);
                (0..kan.layers[layer].d_input()).map(|_| rng.random()).collect()
            }
        })
    }
}

/// Sums of absolute parameters of the edges that leave each node.
fn magnitudes(kan: &Kan, layer: usize) -> Vec<f64> {
    let weights = kan.layers[layer].weights();
    let [d_input, n_basis, n_subnodes] = weights.coefficients.dims();
    let coefficients = weights.coefficients.abs().reshape([d_input, n_basis * n_subnodes]);
    let sums = coefficients.sum_dim(1) + weights.base.abs().sum_dim(1);
    sums.into_data().iter().collect()
}
