//! The game of a layer's nodes: the outputs of the network with only some of the nodes active.

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};

use super::config::{Payoff, ShapleyConfig};
use crate::layers::network::Kan;
use crate::scaling::precision::epsilon;
use crate::scores::observed::check_layer;
use crate::{KanError, Result};

/// A layer's nodes as players.
pub(crate) struct Game<'a> {
    kan: Kan,
    layer: usize,
    payoff: Payoff<'a>,
    rows: usize,
    n_subnodes: usize,
    /// Contribution of each player beyond its baseline: `[players][rows, n_subnodes]`.
    contributions: Vec<Vec<f64>>,
    /// The sums without any active player, `[n_subnodes]`.
    nobody: Vec<f64>,
    /// Scaled targets, `[rows, d_output]`; 0 where the payoff has none.
    targets: Vec<f64>,
    /// The greatest scaled output.
    size: f64,
}

/// Number of units in the last place of outputs below which payoffs are equal.
const ROUNDING: f64 = 64.0;

impl<'a> Game<'a> {
    /// The game of the nodes of a layer (0 for the inputs) on the rows of `x`.
    pub(crate) fn new(kan: &Kan, layer: usize, x: Tensor<2>, config: &ShapleyConfig<'a>) -> Result<Self> {
        let kan = kan.valid();
        check_layer(&kan, layer)?;
        let rows = x.dims()[0];
        let payoff = config.payoff;
        let targets = scaled_targets(&kan, rows, payoff)?;
        let nodes = kan.layers[..layer]
            .iter()
            .fold(kan.scaled(x), |x, layer| layer.forward(x));
        let size = kan.forward_scaled(layer, nodes.clone()).abs().max().into_scalar();
        let edges = kan.layers[layer].activations(nodes).edges;
        let [n_players, _, n_subnodes] = edges.dims();
        let values: Vec<f64> = edges.into_data().iter().collect();
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            let node = at / (rows * n_subnodes);
            return Err(KanError::NanScore { layer, node });
        }
        let noise = ROUNDING * epsilon(kan.place().1);
        let mut nobody = vec![0.0; n_subnodes];
        let mut contributions = Vec::with_capacity(n_players);
        for player in values.chunks_exact(rows * n_subnodes) {
            let base = config.baseline.values(player, n_subnodes);
            contributions.push(beyond(player, &base, noise));
            nobody.iter_mut().zip(base).for_each(|(sum, base)| *sum += base);
        }
        Ok(Self {
            kan,
            layer,
            payoff,
            rows,
            n_subnodes,
            contributions,
            nobody,
            targets,
            size,
        })
    }

    /// The greatest score that rounding alone can make.
    pub(crate) fn noise(&self) -> f64 {
        let largest = self
            .targets
            .iter()
            .fold(self.size, |largest, target| largest.max(target.abs()));
        let payoff = match self.payoff {
            Payoff::NegativeLoss(_) => largest * largest,
            Payoff::PerSample | Payoff::MeanOutput => largest,
        };
        ROUNDING * epsilon(self.kan.place().1) * payoff
    }

    pub(crate) fn n_players(&self) -> usize {
        self.contributions.len()
    }

    /// Number of coalitions that one forward pass takes.
    pub(crate) fn coalitions_per_pass(&self) -> usize {
        (16_384 / self.rows).max(1)
    }

    /// The sums without any active player, `[rows, n_subnodes]`.
    pub(crate) fn empty(&self) -> Vec<f64> {
        self.nobody.repeat(self.rows)
    }

    /// Adds a player to a coalition (`sign` 1) or removes it (-1).
    pub(crate) fn change(&self, sums: &mut [f64], player: usize, sign: f64) {
        for (sum, contribution) in sums.iter_mut().zip(&self.contributions[player]) {
            *sum += sign * contribution;
        }
    }

    /// Payoffs of coalitions, from their sums one after the other; each is a vector of one or more numbers.
    pub(crate) fn payoffs(&self, sums: Vec<f64>) -> Vec<Vec<f64>> {
        let (device, dtype) = self.kan.place();
        let n_rows = sums.len() / self.n_subnodes;
        let sums = Tensor::<2>::from_data(TensorData::new(sums, [n_rows, self.n_subnodes]), (&device, dtype));
        let nodes = self.kan.layers[self.layer].nodes.forward(sums);
        let outputs = self.kan.forward_scaled(self.layer + 1, nodes);
        let outputs: Vec<f64> = outputs.into_data().iter().collect();
        let d_output = self.kan.d_output();
        let payoff = |outputs: &[f64]| match self.payoff {
            Payoff::PerSample => outputs.to_vec(),
            Payoff::MeanOutput => (0..d_output)
                .map(|o| outputs.iter().skip(o).step_by(d_output).sum::<f64>() / self.rows as f64)
                .collect(),
            Payoff::NegativeLoss(_) => {
                let squares = outputs
                    .iter()
                    .zip(&self.targets)
                    .map(|(y, target)| (y - target).powi(2));
                vec![-squares.sum::<f64>() / outputs.len() as f64]
            }
        };
        outputs.chunks_exact(self.rows * d_output).map(payoff).collect()
    }

    /// The score of a Shapley value.
    pub(crate) fn score(&self, value: &[f64]) -> f64 {
        match self.payoff {
            Payoff::NegativeLoss(_) => value[0],
            Payoff::PerSample | Payoff::MeanOutput => value.iter().map(|v| v.abs()).sum::<f64>() / value.len() as f64,
        }
    }
}

/// Targets of a payoff in the units of the network's outputs, 0 where it has none: `[rows, d_output]`.
fn scaled_targets(kan: &Kan, rows: usize, payoff: Payoff<'_>) -> Result<Vec<f64>> {
    if rows == 0 {
        return Err(KanError::TooFewRows {
            what: "rows",
            least: 1,
            got: 0,
        });
    }
    let expected = rows * kan.d_output();
    let targets = match payoff {
        Payoff::NegativeLoss(targets) => kan.scaled_outputs(targets),
        Payoff::PerSample | Payoff::MeanOutput => vec![0.0; expected],
    };
    if targets.len() != expected {
        return Err(KanError::Length {
            what: "targets",
            expected,
            got: targets.len(),
        });
    }
    Ok(targets)
}

/// Contribution of edges beyond a baseline, `[rows, n_subnodes]`; 0 where that is rounding, relative to the baseline.
fn beyond(edges: &[f64], base: &[f64], noise: f64) -> Vec<f64> {
    let beyond = |(value, base): (&f64, &f64)| {
        let beyond = value - base;
        if beyond.abs() <= noise * base.abs() {
            0.0
        } else {
            beyond
        }
    };
    edges.iter().zip(base.iter().cycle()).map(beyond).collect()
}
