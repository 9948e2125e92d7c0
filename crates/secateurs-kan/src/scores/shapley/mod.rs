//! Shapley values of nodes (ShapKAN).

use burn::tensor::Tensor;
use secateurs_importance::UnitImportance;
use secateurs_tensor::UnitScores;

mod config;
mod estimate;
mod exact;
mod game;
mod sampled;

pub use config::{Baseline, MOST_EXACT, Payoff, Sampling, ShapleyConfig};

use self::estimate::Estimate;
use self::exact::exact;
use self::game::Game;
use self::sampled::{Orders, Walk, sampled};
use crate::layers::network::Kan;
use crate::scores::observed::{ObservedLayer, layer_scores};
use crate::{KanError, Result};

/// Shapley values of the nodes of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct ShapleyScores {
    /// Scores divided by the largest; all 0 if none exceeds the rounding error of outputs and targets of this size.
    pub scores: UnitScores,
    /// Scores before that division.
    pub unscaled: Vec<f64>,
    /// Standard errors of the Shapley values, averaged as the values are for the scores; 0 if exact, and infinite (not
    /// known) from a single pair or permutation.
    pub standard_errors: Vec<f64>,
    /// Number of coalitions that were evaluated.
    pub n_coalitions: usize,
}

/// Shapley values of the nodes of a layer, 0 for the inputs.
///
/// With `v(S)` the outputs of the network if only the layer's nodes in S are active, `phi_i = sum_{S without i} |S|! (n
/// - |S| - 1)! / n! (v(S + i) - v(S))`, or its mean over random orders and their reverses.
///
/// # Shapes
///
/// `x`: `[rows, d_input]`.
///
/// # Errors
///
/// If there is no such layer, there are no rows or no pairs, targets do not fit, more than 20 nodes are to be exact, or
/// a value in the network is NaN or infinite.
///
/// # References
///
/// Fan et al., *Shift-Invariant Attribute Scoring for Kolmogorov-Arnold Networks via Shapley Value*, 2025, arXiv:2510.01663.
/// **Deviates:** the paper does not say what an absent node contributes, which output counts or how many orders are drawn;
/// the defaults (the mean of its edges, every row on its own) do not depend on how constants are spread over edges.
pub fn shapley(kan: &Kan, layer: usize, x: Tensor<2>, config: &ShapleyConfig<'_>) -> Result<ShapleyScores> {
    let game = Game::new(kan, layer, x, config)?;
    let estimate = estimate(&game, config.sampling)?;
    let unscaled: Vec<f64> = estimate.values.iter().map(|value| game.score(value)).collect();
    if let Some(node) = unscaled.iter().position(|score| !score.is_finite()) {
        return Err(KanError::NanScore { layer, node });
    }
    let largest = unscaled.iter().fold(0.0, |largest: f64, score| largest.max(*score));
    let scale = if largest > game.noise() { largest } else { f64::INFINITY };
    let scores = unscaled.iter().map(|score| score / scale).collect();
    Ok(ShapleyScores {
        scores: layer_scores(layer, scores, |node| node)?,
        unscaled,
        standard_errors: estimate.standard_errors,
        n_coalitions: estimate.n_coalitions,
    })
}

fn estimate(game: &Game<'_>, sampling: Sampling) -> Result<Estimate> {
    let n = game.n_players();
    let orders = |walk: Walk, count: usize, seed: u64| sampled(game, Orders { walk, count, seed });
    match sampling {
        Sampling::Exact => exact(game),
        Sampling::Auto if n <= MOST_EXACT => exact(game),
        Sampling::Auto => orders(Walk::BothWays, 32.max(4 * n).div_ceil(2), 0),
        Sampling::Antithetic { pairs, seed } => orders(Walk::BothWays, pairs, seed),
        Sampling::Plain { permutations, seed } => orders(Walk::Forwards, permutations, seed),
    }
}

/// The [scaled scores](ShapleyScores::scores) of the nodes at which the edges of a layer begin.
impl UnitImportance for ShapleyConfig<'_> {
    type Evidence = ObservedLayer;

    fn name(&self) -> &str {
        "shapley"
    }

    fn score(&self, observed: &ObservedLayer) -> secateurs_importance::Result<UnitScores> {
        let scores = shapley(&observed.kan, observed.layer, observed.x.clone(), self);
        Ok(scores.map_err(|error| observed.failed(self.name(), error))?.scores)
    }
}
