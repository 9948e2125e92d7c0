//! Shapley values from all coalitions.

use super::estimate::Estimate;
use super::game::Game;
use crate::{KanError, Result};

/// Largest number of players for whom all coalitions are evaluated.
const MOST: usize = 20;

/// The values of all players, from all `2^n` coalitions.
pub(super) fn exact(game: &Game<'_>) -> Result<Estimate> {
    let n = game.n_players();
    if n > MOST {
        return Err(KanError::OutOfRange {
            what: "number of nodes for exact values",
            range: "at most 20",
            got: n as f64,
        });
    }
    let mut sum = WeightedSum::new(game);
    let mut sums = game.empty();
    let mut coalition = 0_usize;
    for step in 0..1_usize << n {
        if step > 0 {
            // Neighbours in this order (Gray code) differ in one player.
            let player = step.trailing_zeros() as usize;
            coalition ^= 1 << player;
            let sign = if coalition >> player & 1 == 1 { 1.0 } else { -1.0 };
            game.change(&mut sums, player, sign);
        }
        sum.add(coalition, &sums);
    }
    Ok(Estimate {
        values: sum.finish(),
        standard_errors: vec![0.0; n],
        n_coalitions: 1 << n,
    })
}

/// Values of the players; the payoffs of coalitions are added to them one forward pass at a time.
struct WeightedSum<'a> {
    game: &'a Game<'a>,
    /// Weights by the size of a coalition.
    weights: Vec<f64>,
    /// Values, `[players][payoffs]`.
    values: Vec<Vec<f64>>,
    /// Sums of the coalitions that wait for a pass.
    batch: Vec<f64>,
    /// The coalitions in `batch`, one bit per player.
    coalitions: Vec<usize>,
}

impl<'a> WeightedSum<'a> {
    fn new(game: &'a Game<'a>) -> Self {
        let n = game.n_players();
        Self {
            game,
            weights: weights(n),
            values: vec![Vec::new(); n],
            batch: Vec::new(),
            coalitions: Vec::new(),
        }
    }

    fn add(&mut self, coalition: usize, sums: &[f64]) {
        self.batch.extend_from_slice(sums);
        self.coalitions.push(coalition);
        if self.coalitions.len() == self.game.coalitions_per_pass() {
            self.pass();
        }
    }

    fn pass(&mut self) {
        let payoffs = self.game.payoffs(std::mem::take(&mut self.batch));
        let coalitions = std::mem::take(&mut self.coalitions);
        for (payoff, coalition) in payoffs.iter().zip(coalitions) {
            let size = coalition.count_ones() as usize;
            for (player, value) in self.values.iter_mut().enumerate() {
                value.resize(payoff.len(), 0.0);
                // v(S) counts positively for who is in S and negatively for who is not.
                let weight = if coalition >> player & 1 == 1 {
                    self.weights[size - 1]
                } else {
                    -self.weights[size]
                };
                let pairs = value.iter_mut().zip(payoff);
                pairs.for_each(|(value, payoff)| *value += weight * payoff);
            }
        }
    }

    fn finish(mut self) -> Vec<Vec<f64>> {
        if !self.coalitions.is_empty() {
            self.pass();
        }
        self.values
    }
}

/// Weight of a coalition by its size: `|S|! (n - |S| - 1)! / n!`, and 0 for `|S| = n`, where no player is left to join.
fn weights(n: usize) -> Vec<f64> {
    let mut weights = vec![1.0 / n as f64];
    for size in 1..n {
        let before = weights[size - 1];
        weights.push(before * size as f64 / (n - size) as f64);
    }
    weights.push(0.0);
    weights
}
