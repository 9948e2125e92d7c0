//! Shapley values of nodes, and pruning by them (ShapKAN).

use burn::tensor::Tensor;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use crate::layers::network::Kan;
use crate::prune::{Fold, RemovedNode, remove_nodes};
use crate::scores::game::{Baseline, Game, Payoff};
use crate::{KanError, Result};

/// The most players whose Shapley values are computed exactly.
pub const MOST_EXACT: usize = 12;

/// How Shapley values are computed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Sampling {
    /// Exactly for up to [`MOST_EXACT`] nodes, with `2 * ceil(max(32, 4 n) / 2)` permutations from seed 0 for more.
    #[default]
    Auto,
    /// From all `2^n` coalitions.
    Exact,
    /// From random orders of the nodes, each walked forwards and backwards.
    Antithetic {
        /// Orders; twice as many permutations are walked.
        pairs: usize,
        /// The same seed gives the same orders.
        seed: u64,
    },
    /// From random orders of the nodes, each walked forwards only: what the pairs are better than.
    Plain {
        /// Orders.
        permutations: usize,
        /// The same seed gives the same orders.
        seed: u64,
    },
}

/// What is computed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ShapleyConfig<'a> {
    /// What an absent node contributes.
    pub baseline: Baseline,
    /// What a coalition is worth.
    pub payoff: Payoff<'a>,
    /// Exactly or by sampling.
    pub sampling: Sampling,
}

/// Shapley values of the nodes of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct ShapleyScores {
    /// Scores divided by the largest; all 0 if none is above what rounding makes of outputs and targets of this size.
    pub scores: Vec<f64>,
    /// Scores as they are.
    pub unscaled: Vec<f64>,
    /// Standard errors of the values that scores are means of, averaged likewise; 0 if exact, and not known (infinite) from
    /// a single pair or permutation.
    pub standard_errors: Vec<f64>,
    /// Coalitions that were evaluated.
    pub n_coalitions: usize,
}

/// Shapley values of the nodes of a layer, 0 for the inputs.
///
/// With `v(S)` what the network computes if of the layer's nodes only those in S are active,
/// `phi_i = sum_{S without i} |S|! (n - |S| - 1)! / n! (v(S + i) - v(S))`, or its mean over random orders and their reverses.
///
/// # Shapes
///
/// `x`: `[rows, d_input]`.
///
/// # Errors
///
/// If there is no such layer, there are no rows or no pairs, targets do not fit, more than 20 nodes are to be exact, or a value
/// that flows is NaN or infinite.
///
/// # References
///
/// Fan et al., *Shift-Invariant Attribute Scoring for Kolmogorov-Arnold Networks via Shapley Value*, 2025, arXiv:2510.01663.
/// **Deviates:** the paper does not say what an absent node contributes, which output counts or how many orders are drawn;
/// the defaults (the mean of its edges, every row on its own) do not depend on how constants are spread over edges.
pub fn shapley(kan: &Kan, layer: usize, x: Tensor<2>, config: &ShapleyConfig<'_>) -> Result<ShapleyScores> {
    let game = Game::new(kan, layer, x, (config.baseline, config.payoff))?;
    let n = game.n_players();
    let estimate = match config.sampling {
        Sampling::Exact => exact(&game)?,
        Sampling::Auto if n <= MOST_EXACT => exact(&game)?,
        Sampling::Auto => sampled(&game, (Walk::BothWays, 32.max(4 * n).div_ceil(2), 0))?,
        Sampling::Antithetic { pairs, seed } => sampled(&game, (Walk::BothWays, pairs, seed))?,
        Sampling::Plain { permutations, seed } => sampled(&game, (Walk::Forwards, permutations, seed))?,
    };
    let unscaled: Vec<f64> = estimate.values.iter().map(|value| game.score(value)).collect();
    if let Some(node) = unscaled.iter().position(|score| !score.is_finite()) {
        return Err(KanError::NanScore { layer, node });
    }
    let largest = unscaled.iter().fold(0.0, |largest: f64, score| largest.max(*score));
    let scale = if largest > game.noise() { largest } else { f64::INFINITY };
    Ok(ShapleyScores {
        scores: unscaled.iter().map(|score| score / scale).collect(),
        unscaled,
        standard_errors: estimate.standard_errors,
        n_coalitions: estimate.n_coalitions,
    })
}

struct Estimate {
    /// `[players][payoffs]`
    values: Vec<Vec<f64>>,
    standard_errors: Vec<f64>,
    n_coalitions: usize,
}

fn exact(game: &Game<'_>) -> Result<Estimate> {
    const MOST: usize = 20;
    let n = game.n_players();
    if n > MOST {
        return Err(KanError::OutOfRange {
            what: "number of nodes for exact values",
            range: "at most 20",
            got: n as f64,
        });
    }
    let weights = weights(n);
    let mut values: Vec<Vec<f64>> = vec![Vec::new(); n];
    let mut sums = game.empty();
    let (mut batch, mut members) = (Vec::new(), Vec::new());
    let mut coalition = 0_usize;
    let mut settle = |batch: &mut Vec<f64>, members: &mut Vec<usize>| {
        for (payoff, coalition) in game.payoffs(std::mem::take(batch)).iter().zip(members.drain(..)) {
            // v(S) counts positively for who is in S and negatively for who is not.
            for (player, value) in values.iter_mut().enumerate() {
                value.resize(payoff.len(), 0.0);
                let size = coalition.count_ones() as usize;
                let weight = if coalition >> player & 1 == 1 {
                    weights[size - 1]
                } else {
                    -weights[size]
                };
                value
                    .iter_mut()
                    .zip(payoff)
                    .for_each(|(value, payoff)| *value += weight * payoff);
            }
        }
    };
    for step in 0..1_usize << n {
        if step > 0 {
            // Neighbours in this order (Gray code) differ in one player.
            let player = step.trailing_zeros() as usize;
            coalition ^= 1 << player;
            let sign = if coalition >> player & 1 == 1 { 1.0 } else { -1.0 };
            game.change(&mut sums, player, sign);
        }
        batch.extend_from_slice(&sums);
        members.push(coalition);
        if members.len() == game.coalitions_per_pass() {
            settle(&mut batch, &mut members);
        }
    }
    if !members.is_empty() {
        settle(&mut batch, &mut members);
    }
    Ok(Estimate {
        values,
        standard_errors: vec![0.0; n],
        n_coalitions: 1 << n,
    })
}

/// `|S|! (n - |S| - 1)! / n!` by `|S|`, and 0 for `|S| = n`, where nobody is left to join.
fn weights(n: usize) -> Vec<f64> {
    let mut weights = vec![1.0 / n as f64];
    for size in 1..n {
        let before = weights[size - 1];
        weights.push(before * size as f64 / (n - size) as f64);
    }
    weights.push(0.0);
    weights
}

/// How an order of the nodes is walked.
#[derive(Clone, Copy, PartialEq)]
enum Walk {
    Forwards,
    BothWays,
}

fn sampled(game: &Game<'_>, (walk_order, orders, seed): (Walk, usize, u64)) -> Result<Estimate> {
    let n = game.n_players();
    let (walks, what) = match walk_order {
        Walk::Forwards => (1, "number of permutations"),
        Walk::BothWays => (2, "number of pairs"),
    };
    if orders == 0 {
        return Err(KanError::OutOfRange {
            what,
            range: "at least 1",
            got: 0.0,
        });
    }
    let empty = game.empty();
    let mut all = empty.clone();
    (0..n).for_each(|player| game.change(&mut all, player, 1.0));
    let ends = game.payoffs([empty.clone(), all].concat());
    let q = ends[0].len();
    let (mut means, mut squares) = (vec![vec![0.0; q]; n], vec![vec![0.0; q]; n]);
    let mut seeds = StdRng::seed_from_u64(seed);
    for number in 0..orders {
        let mut order: Vec<usize> = (0..n).collect();
        order.shuffle(&mut StdRng::seed_from_u64(seeds.random()));
        let mut of_order = vec![vec![0.0; q]; n];
        for _ in 0..walks {
            let payoffs = walk(game, &order, (&empty, &ends));
            for (place, &player) in order.iter().enumerate() {
                for (at, sum) in of_order[player].iter_mut().enumerate() {
                    *sum += (payoffs[place + 1][at] - payoffs[place][at]) / walks as f64;
                }
            }
            order.reverse();
        }
        // Welford's update.
        for (player, of_order) in of_order.iter().enumerate() {
            for (at, value) in of_order.iter().enumerate() {
                let before = value - means[player][at];
                means[player][at] += before / (number + 1) as f64;
                squares[player][at] += before * (value - means[player][at]);
            }
        }
    }
    let error = |squares: &Vec<f64>| {
        if orders == 1 {
            return f64::INFINITY;
        }
        let of_mean = |square: &f64| (square / ((orders - 1) * orders) as f64).sqrt();
        squares.iter().map(of_mean).sum::<f64>() / q as f64
    };
    Ok(Estimate {
        standard_errors: squares.iter().map(error).collect(),
        values: means,
        n_coalitions: 2 + walks * orders * n.saturating_sub(1),
    })
}

/// Payoffs of the coalitions that an order passes, from nobody to all.
fn walk(game: &Game<'_>, order: &[usize], (empty, ends): (&[f64], &[Vec<f64>])) -> Vec<Vec<f64>> {
    let mut payoffs = vec![ends[0].clone()];
    let mut sums = empty.to_vec();
    for players in order[..order.len() - 1].chunks(game.coalitions_per_pass()) {
        let mut batch = Vec::with_capacity(players.len() * sums.len());
        for &player in players {
            game.change(&mut sums, player, 1.0);
            batch.extend_from_slice(&sums);
        }
        payoffs.extend(game.payoffs(batch));
    }
    payoffs.push(ends[1].clone());
    payoffs
}

/// Which nodes of a layer stay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stay {
    /// Those whose score, relative to the largest, is not below this.
    AtLeast(f64),
    /// That share of them with the highest scores, rounded.
    Share(f64),
}

/// Removes hidden nodes by their Shapley values, layer after layer from the inputs on, each scored on the network pruned so
/// far; each layer keeps at least its best node.
///
/// Returns the network, what was removed, and the scores of every hidden layer.
///
/// # Errors
///
/// As [`shapley`], or if a share is not between 0 and 1.
pub fn prune_by_shapley(
    kan: Kan,
    x: Tensor<2>,
    config: &ShapleyConfig<'_>,
    (stay, fold): (Stay, Fold),
) -> Result<(Kan, Vec<RemovedNode>, Vec<ShapleyScores>)> {
    if let Stay::Share(share) = stay
        && !(0.0..=1.0).contains(&share)
    {
        return Err(KanError::OutOfRange {
            what: "share of nodes",
            range: "from 0 to 1",
            got: share,
        });
    }
    let (mut kan, mut removed, mut all) = (kan, Vec::new(), Vec::new());
    for layer in 1..kan.layers.len() {
        let scores = shapley(&kan, layer, x.clone(), config)?;
        let mut keep: Vec<Vec<usize>> = kan
            .widths()
            .iter()
            .map(|width| (0..width.n_nodes()).collect())
            .collect();
        keep[layer] = stays(&scores.scores, stay);
        let mut of_layers = vec![Vec::new(); keep.len()];
        of_layers[layer].clone_from(&scores.scores);
        let (pruned, gone) = remove_nodes(kan, x.clone(), (&keep, &of_layers), fold)?;
        kan = pruned;
        removed.extend(gone);
        all.push(scores);
    }
    Ok((kan, removed, all))
}

fn stays(scores: &[f64], stay: Stay) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(b.cmp(a)));
    let n = match stay {
        Stay::AtLeast(_) if scores.iter().all(|score| *score == 0.0) => scores.len(),
        Stay::AtLeast(least) => scores.iter().filter(|score| **score >= least).count(),
        Stay::Share(share) => (share * scores.len() as f64).round() as usize,
    };
    let mut kept = order[..n.max(1)].to_vec();
    kept.sort_unstable();
    kept
}
