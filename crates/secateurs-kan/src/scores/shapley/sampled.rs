//! Shapley values from random orders of the players.

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use super::estimate::Estimate;
use super::game::Game;
use crate::{KanError, Result};

/// The direction in which an order of the players is walked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Walk {
    /// The order from the first player to the last.
    Forwards,
    /// The order from the first player to the last, and from the last to the first.
    BothWays,
}

/// Random orders of the players.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Orders {
    pub(super) walk: Walk,
    /// Number of orders.
    pub(super) count: usize,
    pub(super) seed: u64,
}

impl Orders {
    fn check(self) -> Result<()> {
        let what = match self.walk {
            Walk::Forwards => "number of permutations",
            Walk::BothWays => "number of pairs",
        };
        if self.count > 0 {
            return Ok(());
        }
        Err(KanError::OutOfRange {
            what,
            range: "at least 1",
            got: 0.0,
        })
    }

    fn walks(self) -> usize {
        match self.walk {
            Walk::Forwards => 1,
            Walk::BothWays => 2,
        }
    }
}

/// Means over the orders of each player's gain when it joins the players before it, with their standard errors.
pub(super) fn sampled(game: &Game<'_>, orders: Orders) -> Result<Estimate> {
    orders.check()?;
    let n = game.n_players();
    let ends = Ends::of(game);
    let walks = orders.walks();
    let q = ends.all.len();
    let mut moments = Moments::new(n, q);
    let mut seeds = StdRng::seed_from_u64(orders.seed);
    for _ in 0..orders.count {
        let mut order: Vec<usize> = (0..n).collect();
        order.shuffle(&mut StdRng::seed_from_u64(seeds.random()));
        let mut of_order = vec![vec![0.0; q]; n];
        for _ in 0..walks {
            let payoffs = walk(game, &order, &ends);
            for (place, &player) in order.iter().enumerate() {
                for (at, sum) in of_order[player].iter_mut().enumerate() {
                    *sum += (payoffs[place + 1][at] - payoffs[place][at]) / walks as f64;
                }
            }
            order.reverse();
        }
        moments.add(&of_order);
    }
    Ok(Estimate {
        standard_errors: moments.standard_errors(),
        values: moments.means,
        n_coalitions: 2 + walks * orders.count * n.saturating_sub(1),
    })
}

/// The coalitions that every order begins and ends with.
struct Ends {
    /// Sums without any player, `[rows, n_subnodes]`.
    empty: Vec<f64>,
    /// Payoffs without any player.
    nobody: Vec<f64>,
    /// Payoffs of all players.
    all: Vec<f64>,
}

impl Ends {
    fn of(game: &Game<'_>) -> Self {
        let empty = game.empty();
        let mut all = empty.clone();
        (0..game.n_players()).for_each(|player| game.change(&mut all, player, 1.0));
        let mut payoffs = game.payoffs([empty.clone(), all].concat()).into_iter();
        let mut next = || payoffs.next().expect("two coalitions have two payoffs");
        Self {
            empty,
            nobody: next(),
            all: next(),
        }
    }
}

/// Payoffs of the coalitions on the way of an order from no player to all.
fn walk(game: &Game<'_>, order: &[usize], ends: &Ends) -> Vec<Vec<f64>> {
    let mut payoffs = vec![ends.nobody.clone()];
    let mut sums = ends.empty.clone();
    for players in order[..order.len() - 1].chunks(game.coalitions_per_pass()) {
        let mut batch = Vec::with_capacity(players.len() * sums.len());
        for &player in players {
            game.change(&mut sums, player, 1.0);
            batch.extend_from_slice(&sums);
        }
        payoffs.extend(game.payoffs(batch));
    }
    payoffs.push(ends.all.clone());
    payoffs
}

/// Means of values, `[players][payoffs]`, and sums of squared deviations from them, by Welford's update.
struct Moments {
    count: usize,
    means: Vec<Vec<f64>>,
    squares: Vec<Vec<f64>>,
}

impl Moments {
    fn new(n_players: usize, n_payoffs: usize) -> Self {
        let zeros = vec![vec![0.0; n_payoffs]; n_players];
        Self {
            count: 0,
            means: zeros.clone(),
            squares: zeros,
        }
    }

    fn add(&mut self, values: &[Vec<f64>]) {
        self.count += 1;
        for (player, values) in values.iter().enumerate() {
            for (at, value) in values.iter().enumerate() {
                let before = value - self.means[player][at];
                self.means[player][at] += before / self.count as f64;
                self.squares[player][at] += before * (value - self.means[player][at]);
            }
        }
    }

    /// Standard errors of the means, averaged over payoffs; infinite for a single value.
    fn standard_errors(&self) -> Vec<f64> {
        let n = self.count;
        let of_mean = |square: &f64| (square / ((n - 1) * n) as f64).sqrt();
        let of_player = |squares: &Vec<f64>| match n {
            1 => f64::INFINITY,
            _ => squares.iter().map(of_mean).sum::<f64>() / squares.len() as f64,
        };
        self.squares.iter().map(of_player).collect()
    }
}
